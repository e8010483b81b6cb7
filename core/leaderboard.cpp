#include "core/leaderboard.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>

namespace parley {

std::string_view name(vote_period period) {
  switch (period) {
  case vote_period::all:
    return "all";
  case vote_period::days_30:
    return "30d";
  case vote_period::days_7:
    return "7d";
  }
  return {};
}

std::optional<vote_period> parse_vote_period(std::string_view text) {
  for (auto period : vote_periods)
    if (name(period) == text)
      return period;
  return std::nullopt;
}

std::optional<unix_ms> begin_of(vote_period period, unix_ms now) {
  using std::chrono::days;
  switch (period) {
  case vote_period::all:
    break;
  case vote_period::days_30:
    return now - std::chrono::milliseconds{days{30}}.count();
  case vote_period::days_7:
    return now - std::chrono::milliseconds{days{7}}.count();
  }
  return std::nullopt;
}

namespace {

/// Numbers for the models' names, in the names' order.
std::map<std::string_view, std::uint32_t> numbered(const vote_tally& votes) {
  std::map<std::string_view, std::uint32_t> result;
  for (auto& pair : votes.pairs) {
    result.emplace(pair.left, 0);
    result.emplace(pair.right, 0);
  }
  std::uint32_t number = 0;
  for (auto& [model, its] : result)
    its = number++;
  return result;
}

/// Models against models, whichever stood at the left: `[i][j]` with i < j.
using pairs_by_number = std::map<std::pair<std::uint32_t, std::uint32_t>, pair_outcomes>;

void count(standing& of, std::int64_t wins, std::int64_t losses, const pair_tally& pair) {
  of.wins += wins;
  of.losses += losses;
  of.ties += pair.ties;
  of.both_bad += pair.both_bad;
  of.votes += wins + losses + pair.ties + pair.both_bad;
}

} // namespace

leaderboard make_leaderboard(const vote_tally& votes, const std::stop_token& stop) {
  auto numbers = numbered(votes);
  const auto models = numbers.size();
  leaderboard result;
  std::vector<standing> unsorted(models);
  for (auto& [model, number] : numbers)
    unsorted[number].model = model;
  std::vector<std::vector<std::int64_t>> wins(models, std::vector<std::int64_t>(models));
  pairs_by_number pairs;
  for (auto& pair : votes.pairs) {
    check(std::min({pair.left_wins, pair.right_wins, pair.ties, pair.both_bad}) >= 0, "there is no number of votes below zero");
    auto left = numbers[pair.left];
    auto right = numbers[pair.right];
    auto turned = left > right;
    auto& outcomes = pairs[std::minmax(left, right)];
    outcomes.first = std::min(left, right);
    outcomes.second = std::max(left, right);
    outcomes.first_won += static_cast<std::uint64_t>(turned ? pair.right_wins : pair.left_wins);
    outcomes.second_won += static_cast<std::uint64_t>(turned ? pair.left_wins : pair.right_wins);
    outcomes.draws += static_cast<std::uint64_t>(pair.ties + pair.both_bad);
    count(unsorted[left], pair.left_wins, pair.right_wins, pair);
    count(unsorted[right], pair.right_wins, pair.left_wins, pair);
    wins[left][right] += pair.left_wins;
    wins[right][left] += pair.right_wins;
    result.votes += pair.left_wins + pair.right_wins + pair.ties + pair.both_bad;
  }

  std::vector<pair_outcomes> outcomes;
  outcomes.reserve(pairs.size());
  for (auto& [key, pair] : pairs)
    outcomes.push_back(pair);
  auto ratings = rate(models, outcomes, stop);
  if (ratings.size() != models)
    return {};
  for (std::size_t i = 0; i < models; ++i)
    unsorted[i].strength = ratings[i];

  std::vector<std::size_t> order(models);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return unsorted[a].strength.value > unsorted[b].strength.value; });
  for (auto row : order) {
    result.data.push_back(std::move(unsorted[row]));
    auto& in_order = result.wins.emplace_back();
    for (auto column : order)
      in_order.push_back(wins[row][column]);
  }
  return result;
}

} // namespace parley
