// A run's log that is made of stored answers: what is in it, and how long it lives.

#define CAF_SUITE actors.runs.replay

#include "actors/runs/replay.hpp"
#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;

namespace {

struct fixture : node_fixture {
  fixture() {
    owner = sys.spawn([](run_owner::pointer) -> run_owner::behavior_type {
      return {[](const answer_completed&) {}, [](const run_completed&) {}};
    });
    to_end.push_back(caf::actor_cast<caf::actor>(owner));
    message answer;
    answer.id = new_id<message_id>();
    answer.role = message_role::assistant;
    answer.seat = 1;
    answer.reasoning = "Hm.";
    answer.content = "Four.";
    answer.finish = finish_reason::stop;
    plan.node = node;
    plan.home = &loop;
    plan.owner = owner;
    plan.names.run = new_id<run_id>();
    plan.answers.push_back(answer);
  }

  log_actor replay() { return ends(spawn_replay(sys, plan)); }

  run_owner owner;
  replay_plan plan;
};

bool has_ended(const log_actor& log) {
  return caf::actor_cast<caf::actor>(log)->getf(caf::abstract_actor::is_terminated_flag);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(replay_tests, fixture)

CAF_TEST(a replay begins anew and ends with each finish) {
  auto log = replay();
  auto opened = ask<run_opened>(log, open_log{0});
  CAF_REQUIRE(opened.has_value());
  CAF_CHECK(opened->run == plan.names.run);
  CAF_REQUIRE_EQUAL(opened->answers.size(), 1u);
  CAF_CHECK_EQUAL(static_cast<int>(opened->answers[0].who), 1);
  auto told = read(*opened);
  CAF_CHECK(told->text.starts_with("b2:[{\"type\":\"restart\"}]\nbg:{\"content\":\"Hm.\"}\nb0:{\"content\":\"Four.\"}\nbd:{"));
  CAF_CHECK_EQUAL(told->ends, 1);
}

CAF_TEST(a replay asks nobody and stores nothing) {
  auto opened = ask<run_opened>(replay(), open_log{0});
  read(*opened);
  CAF_CHECK(loop.requests.empty());
  CAF_CHECK(loop.actors.empty()); // no alarm either
  CAF_CHECK(book->arrived.empty());
}

CAF_TEST(an answer without a finish was interrupted) {
  plan.answers[0].finish.reset();
  auto opened = ask<run_opened>(replay(), open_log{0});
  CAF_CHECK(read(*opened)->has("bd:{\"finishReason\":\"interrupted\""));
}

CAF_TEST(a replay ends when it is forgotten or its owner ends) {
  auto first = replay();
  auto second = replay();
  consume_messages();
  CAF_CHECK(!has_ended(first));
  caf::anon_send(first, forget_log{});
  consume_messages();
  CAF_CHECK(has_ended(first));
  CAF_CHECK(!has_ended(second));
  kill(owner);
  CAF_CHECK(has_ended(second));
}

CAF_TEST_FIXTURE_SCOPE_END()
