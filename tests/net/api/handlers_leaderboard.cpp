#define CAF_SUITE net.api.handlers_leaderboard

#include "tests/net/api/handlers_fixture.hpp"

using namespace parley;
using namespace parley::net;

namespace {

leaderboard two_models() {
  leaderboard made;
  made.votes = 9;
  made.data.push_back({"fast", {1050.04, 990.96, 1100}, 9, 5, 2, 1, 1});
  made.data.push_back({"gone", {949.96, 900, 1009.04}, 9, 2, 5, 1, 1});
  made.wins = {{0, 5}, {2, 0}};
  return made;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(leaderboard_handlers, handlers_fixture)

CAF_TEST(the leaderboard names the models that are known and shows the others by their ids) {
  play->board = std::make_shared<const leaderboard>(two_models());
  auto ex = served("GET", "/api/leaderboard/?period=30d");
  CAF_CHECK(asked<show_leaderboard>().of == vote_period::days_30);
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->body,
                  R"({"period":"30d","votes":9,"data":[)"
                  R"({"model":{"id":"fast","display_name":"The fast one"},"rating":1050.0,"low":991.0,"high":1100.0,)"
                  R"("votes":9,"wins":5,"losses":2,"ties":1,"both_bad":1},)"
                  R"({"model":{"id":"gone","display_name":"gone"},"rating":950.0,"low":900.0,"high":1009.0,)"
                  R"("votes":9,"wins":2,"losses":5,"ties":1,"both_bad":1}],)"
                  R"("win_matrix":{"models":["fast","gone"],"wins":[[0,5],[2,0]]}})"
                  "\n");
}

CAF_TEST(without a period the leaderboard is that of all votes) {
  play->board = std::make_shared<const leaderboard>();
  for (auto path : {"/api/leaderboard/", "/api/leaderboard", "/api/leaderboard/?period=", "/api/leaderboard/?period=all"}) {
    auto ex = served("GET", path);
    CAF_CHECK(asked<show_leaderboard>().of == vote_period::all);
    CAF_CHECK_EQUAL(ex.answered ? ex.answered->body : "",
                    R"({"period":"all","votes":0,"data":[],"win_matrix":{"models":[],"wins":[]}})"
                    "\n");
  }
}

CAF_TEST(a period that is none of the three is refused) {
  for (auto period : {"1d", "ALL", "7d,30d", "0"})
    CAF_CHECK_EQUAL(refusal("GET", std::string{"/api/leaderboard/?period="} + period), "invalid_request period");
}

CAF_TEST(a leaderboard without its store is not available) {
  play->fails = failure{ec::store_unavailable, "The store is away.", {}};
  auto ex = served("GET", "/api/leaderboard/");
  CAF_CHECK_EQUAL(ex.refusal(), "store_unavailable");
}

CAF_TEST_FIXTURE_SCOPE_END()
