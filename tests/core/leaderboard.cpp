#define CAF_SUITE core.leaderboard

#include "core/leaderboard.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace parley;

namespace {

using rows = std::vector<std::vector<std::int64_t>>;

std::vector<std::string> names(const leaderboard& of) {
  std::vector<std::string> result;
  for (auto& each : of.data)
    result.push_back(each.model);
  return result;
}

/// Votes, wins, losses, ties, both bad.
std::vector<std::int64_t> counts(const standing& of) {
  return {of.votes, of.wins, of.losses, of.ties, of.both_bad};
}

const vote_tally three_models{{
  {"mid", "top", 2, 20, 1, 0},
  {"top", "mid", 18, 4, 3, 2},
  {"low", "mid", 5, 15, 0, 1},
}};

} // namespace

CAF_TEST(models are listed best first with what was said of them) {
  auto board = make_leaderboard(three_models);
  CAF_CHECK_EQUAL(board.votes, 71);
  CAF_REQUIRE_EQUAL(names(board), (std::vector<std::string>{"top", "mid", "low"}));
  CAF_CHECK_EQUAL(counts(board.data[0]), (std::vector<std::int64_t>{50, 38, 6, 4, 2}));
  CAF_CHECK_EQUAL(counts(board.data[1]), (std::vector<std::int64_t>{71, 21, 43, 4, 3}));
  CAF_CHECK_EQUAL(counts(board.data[2]), (std::vector<std::int64_t>{21, 5, 15, 0, 1}));
}

CAF_TEST(the matrix of wins is in the order of the list) {
  auto board = make_leaderboard(three_models);
  CAF_CHECK_EQUAL(board.wins, (rows{{0, 38, 0}, {6, 0, 15}, {0, 5, 0}}));
}

CAF_TEST(the sides on which answers stood make no difference to the ratings) {
  auto board = make_leaderboard(three_models);
  auto ratings = rate(3, std::vector<pair_outcomes>{{0, 1, 5, 15, 1}, {1, 2, 6, 38, 6}});
  for (auto [place, model] : {std::pair{0, 2}, {1, 1}, {2, 0}}) {
    auto& mine = board.data[static_cast<std::size_t>(place)].strength;
    auto& theirs = ratings[static_cast<std::size_t>(model)];
    CAF_CHECK_EQUAL(mine.value, theirs.value);
    CAF_CHECK_EQUAL(mine.low, theirs.low);
    CAF_CHECK_EQUAL(mine.high, theirs.high);
  }
}

CAF_TEST(without votes the leaderboard is empty) {
  auto board = make_leaderboard({});
  CAF_CHECK_EQUAL(board.votes, 0);
  CAF_CHECK(board.data.empty());
  CAF_CHECK(board.wins.empty());
}

CAF_TEST(periods have the names that clients use) {
  for (auto text : {"all", "30d", "7d"}) {
    auto period = parse_vote_period(text);
    CAF_REQUIRE(period.has_value());
    CAF_CHECK_EQUAL(name(*period), text);
  }
  for (auto text : {"", "1d", "ALL", "30d "})
    CAF_CHECK(!parse_vote_period(text));
}

CAF_TEST(a period begins so many days ago) {
  constexpr unix_ms now = 1'800'000'000'000;
  CAF_CHECK(!begin_of(vote_period::all, now));
  CAF_CHECK_EQUAL(begin_of(vote_period::days_7, now).value_or(0), now - 7 * 86'400'000LL);
  CAF_CHECK_EQUAL(begin_of(vote_period::days_30, now).value_or(0), now - 30 * 86'400'000LL);
}
