// What a turn means for a conversation, without an actor. Through a session it is tested in tests/actors/session.cpp.

#define CAF_SUITE actors.sessions.turn_request

#include "actors/sessions/turn_request.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

namespace {

struct fixture {
  fixture() {
    about.id = new_id<session_id>();
    about.models = {{"m1", "One"}, {"m2", "Two"}};
    about.blind = true;
  }

  static start_turn asking(std::vector<incoming_message> messages) {
    start_turn wanted;
    wanted.messages = std::move(messages);
    return wanted;
  }

  planned_turn planned(const start_turn& wanted) {
    auto plan = plan_turn(wanted, talk, about, 1'234);
    CAF_REQUIRE(plan.has_value());
    return *plan;
  }

  /// Stores a turn, answered in a run of its own.
  planned_turn stored(const start_turn& wanted) {
    auto plan = planned(wanted);
    for (auto& m : plan.added)
      talk.append(m);
    for (auto answer : plan.answers) {
      answer.run = new_id<run_id>();
      answer.status = message_status::success;
      talk.append(answer);
    }
    return plan;
  }

  conversation talk;
  session about;
};

const incoming_message hello{message_role::user, "Hello", {}, {}};

} // namespace

CAF_TEST_FIXTURE_SCOPE(turn_request_tests, fixture)

CAF_TEST(each seat gets a pending answer to the question) {
  auto named = new_id<message_id>();
  auto plan = planned(asking({hello, {message_role::assistant, "", named, participant{1}}}));
  CAF_REQUIRE_EQUAL(plan.answers.size(), 2u);
  CAF_CHECK(plan.answers[1].id == named);
  CAF_CHECK(plan.answers[0].id != named);
  for (participant seat = 0; seat < 2; ++seat) {
    auto& answer = plan.answers[seat];
    CAF_CHECK(answer.session == about.id);
    CAF_CHECK(answer.parent == plan.question.id);
    CAF_CHECK(answer.turn == plan.question.turn);
    CAF_CHECK(answer.seat == seat);
    CAF_CHECK(answer.model == about.models[seat]);
    CAF_CHECK(answer.status == message_status::pending);
    CAF_CHECK(answer.blind);
    CAF_CHECK(!answer.run);
    CAF_CHECK_EQUAL(answer.attempt, 1);
    CAF_CHECK_EQUAL(answer.created_at, 1'234);
    CAF_CHECK_EQUAL(answer.completed_at, 0);
  }
}

CAF_TEST(what is new are the imports and then the question) {
  auto plan = planned(asking({hello, {message_role::assistant, "Hi", {}, {}}, {message_role::user, "More", {}, {}}}));
  CAF_REQUIRE_EQUAL(plan.added.size(), 3u);
  CAF_CHECK_EQUAL(plan.added[1].content, "Hi");
  CAF_CHECK(plan.added[2] == plan.question);
  CAF_CHECK(plan.question.parent == plan.added[1].id);
}

CAF_TEST(of a question that is known nothing is new) {
  auto wanted = asking({{message_role::user, "Hello", new_id<message_id>(), {}}});
  CAF_CHECK(!stored(wanted).known);
  auto again = planned(wanted);
  CAF_CHECK(again.known);
  CAF_CHECK(again.added.empty());
}

CAF_TEST(an untitled session is named for its first user message that has words) {
  CAF_CHECK_EQUAL(planned(asking({{message_role::user, "   ", {}, {}}, hello})).title, "Hello");
  about.title = "What it was called";
  CAF_CHECK_EQUAL(planned(asking({hello})).title, "What it was called");
  about.title = "";
  about.title_is_set = true;
  CAF_CHECK_EQUAL(planned(asking({hello})).title, "");
}

CAF_TEST(another attempt is beside those that are there) {
  about.title = "Kept";
  auto first = stored(asking({hello}));
  auto plan = plan_another_attempt(first.answers[1].id, talk, about, 2'000);
  CAF_REQUIRE(plan.has_value());
  CAF_CHECK(plan->question == first.question);
  CAF_CHECK(plan->added.empty());
  CAF_CHECK_EQUAL(plan->title, "Kept");
  CAF_REQUIRE_EQUAL(plan->answers.size(), 1u);
  CAF_CHECK(plan->answers[0].seat == participant{1});
  CAF_CHECK_EQUAL(plan->answers[0].attempt, 2);
  CAF_CHECK(plan->answers[0].id != first.answers[1].id);
}

CAF_TEST(only an answer of a model has another attempt) {
  auto turn = stored(asking({hello, {message_role::assistant, "Hi", {}, {}}, {message_role::user, "More", {}, {}}}));
  auto code = [&](message_id id) {
    auto plan = plan_another_attempt(id, talk, about, 0);
    return plan ? "-" : std::string{name(plan.error().code)};
  };
  CAF_CHECK_EQUAL(code(turn.answers[0].id), "-");
  CAF_CHECK_EQUAL(code(turn.question.id), "invalid_request");
  CAF_CHECK_EQUAL(code(turn.added[1].id), "invalid_request"); // an import
  CAF_CHECK_EQUAL(code(new_id<message_id>()), "not_found");
}

CAF_TEST(a turn asks its last user message) {
  auto wanted = asking({hello, {message_role::user, "More", {}, {}}, {message_role::assistant, "", {}, {}}});
  CAF_CHECK_EQUAL(question_of(wanted)->content, "More");
  CAF_CHECK(question_of(asking({{message_role::system, "Be kind.", {}, {}}})) == nullptr);
}

CAF_TEST_FIXTURE_SCOPE_END()
