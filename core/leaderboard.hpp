#pragma once
// How models fare in people's votes: what is counted, and the strengths that follow from it.

#include "core/rating.hpp"
#include "core/store_request.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

/// Of which votes: all, or those of the last days.
enum class vote_period : std::uint8_t { all, days_30, days_7 };

inline constexpr vote_period vote_periods[] = {vote_period::all, vote_period::days_30, vote_period::days_7};

/// As clients write it: `all`, `30d`, `7d`.
std::string_view name(vote_period period);
std::optional<vote_period> parse_vote_period(std::string_view text);

/// When the votes of the period begin, if it doesn't hold all.
std::optional<unix_ms> begin_of(vote_period period, unix_ms now);

struct standing {
  /// The model's id. It may have left the catalogue.
  std::string model;
  rating strength;
  /// On its answers; the sum of the four below.
  std::int64_t votes = 0;
  std::int64_t wins = 0;
  std::int64_t losses = 0;
  std::int64_t ties = 0;
  std::int64_t both_bad = 0;
};

struct leaderboard {
  std::int64_t votes = 0;
  /// Best first. Models without a vote aren't in it.
  std::vector<standing> data;
  /// `wins[i][j]`: how often `data[i]` won against `data[j]`.
  std::vector<std::vector<std::int64_t>> wins;
};

/// Takes as long as `rate` does, which is most of it; empty if it was asked to stop.
leaderboard make_leaderboard(const vote_tally& votes, const std::stop_token& stop = {});

} // namespace parley
