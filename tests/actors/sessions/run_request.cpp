#define CAF_SUITE actors.sessions.run_request

#include "actors/sessions/run_request.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

namespace {

struct fixture {
  fixture() {
    about.id = new_id<session_id>();
    about.models = {{"m1", "One"}};
    auto at = std::make_shared<upstream>();
    auto only = std::make_shared<model>();
    only->id = "m1";
    only->at = at;
    node.models = catalogue{{only}};
    node.wall = [] { return unix_ms{5}; };
    record = session_record{{about, 1, {}}};
  }

  /// A turn with its answer, as stored.
  void store_turn() {
    message question;
    question.id = new_id<message_id>();
    question.turn = turn_id{question.id.bytes};
    question.content = "Hello";
    message answer;
    answer.id = new_id<message_id>();
    answer.turn = question.turn;
    answer.parent = question.id;
    answer.role = message_role::assistant;
    answer.seat = 0;
    answer.run = new_id<run_id>();
    answer.status = message_status::success;
    answer.content = "Hi";
    asked = question.id;
    given = answer;
    record.append({question, answer});
  }

  start_turn turn(std::string text, std::optional<message_id> id = std::nullopt) const {
    start_turn wanted;
    wanted.session_key = about.id;
    wanted.messages.push_back({message_role::user, std::move(text), id, std::nullopt});
    wanted.cancel_on_disconnect = true;
    wanted.by.request_id = "r1";
    return wanted;
  }

  session_now now() const { return {node, record, runs, life}; }

  /// What it comes to, in a word.
  template <class Request>
  std::string word(const Request& wanted) const {
    auto decision = decide(wanted, now());
    if (!decision)
      return std::string{name(decision.error().code)};
    constexpr const char* words[] = {"new", "read", "await", "reload"};
    return words[decision->index()];
  }

  session about;
  node_context node;
  session_record record;
  session_runs runs;
  session_life life;
  message_id asked;
  message given;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(run_request_tests, fixture)

CAF_TEST(a new question begins a run for who asked it) {
  auto decision = decide(turn("Hello"), now());
  CAF_REQUIRE(decision.has_value());
  auto* run = std::get_if<new_run>(&*decision);
  CAF_REQUIRE(run != nullptr);
  CAF_CHECK_EQUAL(run->turn.question.content, "Hello");
  CAF_CHECK(run->cancel_on_disconnect);
  CAF_CHECK_EQUAL(run->by.request_id, "r1");
}

CAF_TEST(a question that was answered is read again from the beginning) {
  store_turn();
  auto decision = decide(turn("Hello", asked), now());
  CAF_REQUIRE(decision.has_value());
  auto* run = std::get_if<read_run>(&*decision);
  CAF_REQUIRE(run != nullptr);
  CAF_CHECK(run->run == given.run);
  CAF_CHECK_EQUAL(run->from, 0u);
}

CAF_TEST(the question of a run that is not committed waits for that) {
  current_run current;
  current.question.id = new_id<message_id>();
  current.question.content = "Hello";
  runs.begin(current);
  CAF_CHECK_EQUAL(word(turn("Hello", current.question.id)), "await");
  CAF_CHECK_EQUAL(word(turn("Bye", current.question.id)), "id_conflict");
  CAF_CHECK_EQUAL(word(turn("Hello")), "turn_in_progress");
}

CAF_TEST(while the stored state is not known no run begins and none is told again) {
  store_turn();
  life.owe_reload();
  CAF_CHECK(life.begin_reload(false));
  CAF_CHECK_EQUAL(word(turn("More")), "reload");
  CAF_CHECK_EQUAL(word(regenerate_answer{given.id}), "reload");
  CAF_CHECK_EQUAL(word(attach_to_run{given.id, {}}), "reload");
  runs.add_replay(*given.run, {});
  CAF_CHECK_EQUAL(word(attach_to_run{given.id, {}}), "read");
}

CAF_TEST(a session that is being removed has nothing) {
  store_turn();
  life.remove();
  CAF_CHECK_EQUAL(word(turn("More")), "not_found");
  CAF_CHECK_EQUAL(word(regenerate_answer{given.id}), "not_found");
  CAF_CHECK_EQUAL(word(attach_to_run{given.id, {}}), "not_found");
}

CAF_TEST(a reader goes on where it was only in the run that it read) {
  store_turn();
  auto from = [this](wire::cursor cursor) {
    auto decision = decide(attach_to_run{given.id, cursor}, now());
    CAF_REQUIRE(decision.has_value());
    return std::get<read_run>(*decision).from;
  };
  CAF_CHECK_EQUAL(from({{}, 7}), 7u);
  CAF_CHECK_EQUAL(from({*given.run, 7}), 7u);
  CAF_CHECK_EQUAL(from({new_id<run_id>(), 7}), 0u);
}

CAF_TEST_FIXTURE_SCOPE_END()
