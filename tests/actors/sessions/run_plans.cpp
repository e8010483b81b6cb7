#define CAF_SUITE actors.sessions.run_plans

#include "actors/sessions/run_plans.hpp"
#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;

namespace {

struct fixture : node_fixture {
  fixture() {
    about.models = {{"m1", "One"}, {"m2", "Two"}};
    plan.node = node;
    plan.names.run = again.names.run = new_id<run_id>();
  }

  planned_turn turn(std::vector<incoming_message> messages) {
    start_turn wanted;
    wanted.messages = std::move(messages);
    auto planned = plan_turn(wanted, talk, about, wall);
    CAF_REQUIRE(planned.has_value());
    return *planned;
  }

  std::string refused() {
    auto why = run_refusal(about, talk, *node);
    return why ? std::string{name(why->code)} + ": " + why->message : "-";
  }

  conversation talk;
  session about;
  run_plan plan;
  replay_plan again;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(run_plans_tests, fixture)

CAF_TEST(each seat is asked of its own model) {
  auto asked = turn({{message_role::user, "Hello", {}, {}}});
  plan_answers(plan, asked, talk, about);
  CAF_CHECK(plan.names.user == asked.question.id);
  CAF_CHECK(plan.names.turn == asked.question.turn);
  CAF_REQUIRE_EQUAL(plan.answers.size(), 2u);
  for (participant seat = 0; seat < 2; ++seat) {
    CAF_CHECK_EQUAL(*plan.answers[seat].answer.seat, seat);
    CAF_CHECK(plan.answers[seat].answer.id == asked.answers[seat].id);
    CAF_CHECK(plan.answers[seat].answer.run == plan.names.run);
    CAF_REQUIRE_EQUAL(plan.answers[seat].targets.size(), 1u);
    CAF_CHECK_EQUAL(plan.answers[seat].targets[0]->id, about.models[seat].id);
    CAF_CHECK_EQUAL(plan.answers[seat].ask.messages.back().content, "Hello");
  }
}

CAF_TEST(what a turn brings along is in the prompt once) {
  auto asked =
    turn({{message_role::user, "One", {}, {}}, {message_role::assistant, "Uno", {}, {}}, {message_role::user, "Two", {}, {}}});
  plan_answers(plan, asked, talk, about);
  auto& sent = plan.answers.at(0).ask.messages;
  CAF_REQUIRE_EQUAL(sent.size(), 3u);
  CAF_CHECK_EQUAL(sent[0].content, "One");
  CAF_CHECK_EQUAL(sent[1].content, "Uno");
  CAF_CHECK_EQUAL(sent[2].content, "Two");
  CAF_CHECK(talk.empty());
}

CAF_TEST(a run is replayed from its own answers alone) {
  auto asked = turn({{message_role::user, "Hello", {}, {}}});
  talk.append(asked.question);
  for (auto answer : asked.answers) {
    answer.run = answer.seat == participant{1} ? plan.names.run : new_id<run_id>();
    answer.content = "four";
    answer.reasoning = "five5";
    talk.append(answer);
  }
  CAF_CHECK_EQUAL(plan_replay(again, talk), 9u);
  CAF_CHECK(again.names.user == asked.question.id);
  CAF_CHECK(again.names.turn == asked.question.turn);
  CAF_REQUIRE_EQUAL(again.answers.size(), 1u);
  CAF_CHECK(again.answers[0].id == asked.answers[1].id);
}

CAF_TEST(a run needs all its models and a session that is not full) {
  CAF_CHECK_EQUAL(refused(), "-");
  node->models = catalogue{{node->models.find("m1")}};
  CAF_CHECK_EQUAL(refused(), "invalid_request: The model m2 is not available on this server.");
  about.blind = true;
  CAF_CHECK_EQUAL(refused(), "invalid_request: One of the models is not available on this server.");
  auto asked = turn({{message_role::user, "Hello", {}, {}}});
  talk.append(asked.question);
  node->bounds.max_session_bytes = 4;
  CAF_CHECK(refused().starts_with("too_large"));
}

CAF_TEST_FIXTURE_SCOPE_END()
