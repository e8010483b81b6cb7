// The leaderboard: what is kept for how long, and computed how often. Its thread is a list of jobs that the tests run.

#define CAF_SUITE actors.leaderboard.leaderboard

#include "actors/leaderboard/api.hpp"
#include "tests/support/node_fixture.hpp"
#include "tests/support/seen_log.hpp"

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

struct fixture : node_fixture {
  fixture() {
    book->tally.pairs = {{"m1", "m2", 3, 1, 0, 0}};
    board = ends(spawn_leaderboard(sys, node, store, [this](auto job) {
      jobs.push_back(std::move(job));
      return std::make_shared<int>();
    }));
  }

  pending<leaderboard_ptr> asked(vote_period of = vote_period::all) {
    return begin<leaderboard_ptr>(board, show_leaderboard{of});
  }

  /// The thread does what there is to do, which takes that long.
  void compute(std::chrono::milliseconds time = 1ms) {
    for (auto& job : std::exchange(jobs, {})) {
      wall += time.count();
      job({});
    }
    consume_messages();
  }

  leaderboard_ptr board_of(const pending<leaderboard_ptr>& answer) {
    auto result = take(answer);
    CAF_REQUIRE(result.has_value());
    return *result;
  }

  leaderboard_ptr shown(vote_period of = vote_period::all) {
    auto answer = asked(of);
    compute();
    return board_of(answer);
  }

  void vote() {
    ++book->tally.pairs[0].left_wins;
    caf::anon_send(board, votes_changed{});
    consume_messages();
  }

  std::vector<std::function<void(const std::stop_token&)>> jobs;
  leaderboard_actor board;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(leaderboard_tests, fixture)

CAF_TEST(many who ask at once wait for one computation) {
  auto first = asked();
  auto second = asked();
  CAF_CHECK_EQUAL(jobs.size(), 1u);
  CAF_CHECK(!first->has_value());
  compute();
  CAF_CHECK_EQUAL(board_of(first), board_of(second));
  CAF_CHECK_EQUAL(board_of(first)->votes, 4);
  CAF_CHECK_EQUAL(book->tallied.size(), 1u);
}

CAF_TEST(when the thread fails who waits is told and the next one has another try) {
  seen_log seen;
  book->tally.pairs = {{"m1", "m2", -1, 0, 0, 0}};
  auto first = asked();
  compute();
  CAF_CHECK_EQUAL(code_of(take(first)), "internal");
  CAF_CHECK_EQUAL(seen.lines_with("error callback=leaderboard_thread threw: broken invariant: ").size(), 1u);
  book->tally.pairs = {{"m1", "m2", 3, 1, 0, 0}};
  CAF_CHECK_EQUAL(shown()->votes, 4);
}

CAF_TEST(it is kept and a new vote makes it outdated) {
  auto before = shown();
  CAF_CHECK_EQUAL(shown(), before);
  CAF_CHECK_EQUAL(book->tallied.size(), 1u);
  vote();
  CAF_CHECK_EQUAL(shown()->votes, 5);
}

CAF_TEST(votes that come while it is computed are in the next one) {
  auto first = asked();
  vote();
  compute();
  CAF_CHECK_EQUAL(board_of(first)->votes, 4);
  CAF_CHECK_EQUAL(shown()->votes, 5);
}

CAF_TEST(after a minute the store is asked again and equal votes are not rated again) {
  auto before = shown();
  wall += 59'000;
  shown();
  CAF_CHECK_EQUAL(book->tallied.size(), 1u);
  wall += 1'000;
  auto again = asked();
  CAF_CHECK(jobs.empty());
  CAF_CHECK_EQUAL(board_of(again), before);
  CAF_CHECK_EQUAL(book->tallied.size(), 2u);
  // What another node counted.
  ++book->tally.pairs[0].ties;
  wall += 60'000;
  CAF_CHECK_EQUAL(shown()->votes, 5);
}

CAF_TEST(one that takes long is not computed again for each vote) {
  auto first = asked();
  compute(2s);
  vote();
  wall += 17'999;
  CAF_CHECK_EQUAL(shown()->votes, 4);
  wall += 1;
  CAF_CHECK_EQUAL(shown()->votes, 5);
}

CAF_TEST(each period has its own and they are computed one after another) {
  wall = 1'800'000'000'000;
  auto all = asked();
  auto month = asked(vote_period::days_30);
  auto week = asked(vote_period::days_7);
  for (auto ready : {1u, 2u, 3u}) {
    CAF_REQUIRE_EQUAL(jobs.size(), 1u);
    compute();
    CAF_CHECK_EQUAL(static_cast<unsigned>(all->has_value() + month->has_value() + week->has_value()), ready);
  }
  CAF_REQUIRE_EQUAL(book->tallied.size(), 3u);
  CAF_CHECK(!book->tallied[0].since);
  CAF_CHECK_EQUAL(wall - book->tallied[1].since.value_or(0), 30 * 86'400'000LL + 2);
  CAF_CHECK_EQUAL(wall - book->tallied[2].since.value_or(0), 7 * 86'400'000LL + 1);
}

CAF_TEST(a store that fails is told to all who wait and asked again by the next) {
  book->broken = failure{ec::store_unavailable, "The disk is full.", {}};
  auto first = asked();
  auto week = asked(vote_period::days_7);
  CAF_CHECK_EQUAL(code_of(take(first)), "store_unavailable");
  CAF_CHECK_EQUAL(code_of(take(week)), "store_unavailable");
  book->broken.reset();
  CAF_CHECK_EQUAL(shown()->votes, 4);
}

CAF_TEST(a thread that does not start is told and tried again by the next) {
  auto threads = 0;
  auto unlucky = ends(spawn_leaderboard(sys, node, store, [&](auto job) -> std::shared_ptr<void> {
    if (++threads == 1)
      throw std::system_error{std::make_error_code(std::errc::resource_unavailable_try_again)};
    jobs.push_back(std::move(job));
    return nullptr;
  }));
  CAF_CHECK_EQUAL(code_of(ask<leaderboard_ptr>(unlucky, show_leaderboard{})), "unavailable");
  auto second = begin<leaderboard_ptr>(unlucky, show_leaderboard{});
  compute();
  CAF_CHECK_EQUAL(board_of(second)->votes, 4);
}

CAF_TEST(a clock that is set back outdates it) {
  shown();
  wall -= 3'600'000;
  vote();
  CAF_CHECK_EQUAL(shown()->votes, 5);
}

CAF_TEST_FIXTURE_SCOPE_END()
