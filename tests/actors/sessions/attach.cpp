// Reading a run again: where a reader may begin, how long a log is kept, and what is told when it is gone.

#define CAF_SUITE actors.sessions.attach

#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

struct fixture : node_fixture {
  session_id direct() { return new_session({"m1"}).about.id; }

  /// The time of `sessions`, which looks each 15 s.
  void wait(std::chrono::seconds time) {
    for (auto passed = 0s; passed < time; passed += 15s) {
      sched.advance_time(15s);
      consume_messages();
    }
  }

  /// What a reader gets that attaches now.
  received_ptr attached(message_id id, wire::cursor from = {}) {
    auto run = attach(id, from);
    CAF_REQUIRE(run.has_value());
    return read(*run);
  }
};

constexpr auto told_again = "a2:[{\"type\":\"restart\"}]\n";

} // namespace

CAF_TEST_FIXTURE_SCOPE(attach_tests, fixture)

CAF_TEST(attaching gives exactly the missing events and then the live ones) {
  auto run = opened(question(direct(), "Hello"));
  upstream_does(0, [](auto& r) { r.accept(), r.text("1"), r.text("2"), r.text("3"); });
  for (auto id : {run.user, run.answers[0].id}) {
    CAF_CHECK(attached(id)->text.starts_with("a0:{\"content\":\"1\"}\n"));
    CAF_CHECK_EQUAL(attached(id, {{}, 2})->text, "a0:{\"content\":\"3\"}\n");
    CAF_CHECK_EQUAL(attached(id, {run.run, 1})->text, "a0:{\"content\":\"2\"}\na0:{\"content\":\"3\"}\n");
  }
  auto live = attached(run.user, {{}, 3});
  CAF_CHECK_EQUAL(live->text, "");
  upstream_does(0, [](auto& r) { r.text("4"), r.finish(); });
  CAF_CHECK(live->text.starts_with("a0:{\"content\":\"4\"}\nad:{"));
  CAF_CHECK_EQUAL(live->ends, 1);
}

CAF_TEST(there is nothing after what has not come yet) {
  auto run = opened(question(direct(), "Hello"));
  upstream_does(0, [](auto& r) { r.accept(), r.text("1"); });
  auto refused = attach(run.user, {{}, 2});
  CAF_CHECK_EQUAL(code_of(refused), "invalid_request");
  CAF_CHECK_EQUAL(refused.error().param, "from");
}

CAF_TEST(a cursor of another run begins at 0) {
  auto run = opened(question(direct(), "Hello"));
  upstream_does(0, [](auto& r) { r.accept(), r.text("1"); });
  CAF_CHECK_EQUAL(attached(run.user, {new_id<run_id>(), 7})->text, "a0:{\"content\":\"1\"}\n");
}

CAF_TEST(a question leads to the latest run of its turn and an answer to its own) {
  auto first = answered(direct(), "Hello", "Hi");
  auto second = regenerate(first.answers[0].id);
  upstream_does(1, [](auto& r) { r.answer("Hey"); });
  CAF_CHECK(attach(first.user)->run == second->run);
  CAF_CHECK(attach(first.answers[0].id)->run == first.run);
  CAF_CHECK(attach(second->answers[0].id)->run == second->run);
}

CAF_TEST(nobody reads what no model wrote) {
  CAF_CHECK_EQUAL(code_of(attach(new_id<message_id>())), "not_found");
  auto wanted = question(direct(), "Hello");
  wanted.messages.insert(wanted.messages.begin(),
                         {{message_role::user, "Before", {}, {}}, {message_role::assistant, "Given", {}, {}}});
  opened(wanted);
  CAF_CHECK_EQUAL(code_of(attach(book->messages[1].id)), "not_found");
}

CAF_TEST(a finished log is kept for its window) {
  auto run = answered(direct(), "Hello", "Hi");
  wait(285s);
  CAF_CHECK(!attached(run.user)->has(told_again));
  wait(15s);
  auto log = attached(run.user);
  CAF_CHECK(log->text.starts_with(std::string{told_again} + "a0:{\"content\":\"Hi\"}\nad:{\"finishReason\":\"stop\""));
  CAF_CHECK_EQUAL(log->ends, 1);
}

CAF_TEST(a log that is forgotten while it is read is read to its end) {
  node->bounds.reader_window_bytes = 100;
  auto run = opened(question(direct(), "Hello"));
  auto slow = read(run);
  upstream_does(0, [](auto& r) { r.accept(); });
  for (int i = 0; i < 100; ++i)
    upstream_does(0, [](auto& r) { r.text("x"); });
  upstream_does(0, [](auto& r) { r.finish(); });
  wait(600s);
  CAF_CHECK(!slow->ended());
  for (std::size_t given = 0; given < slow->text.size();) {
    auto bytes = slow->text.size() - given;
    given += bytes;
    caf::send_as(caf::actor_cast<caf::actor>(slow->reader), caf::actor_cast<caf::actor>(run.log), reader_credit{1, bytes});
    consume_messages();
  }
  CAF_CHECK_EQUAL(slow->ends, 1);
  CAF_CHECK_EQUAL(slow->count("ad:"), 1);
}

CAF_TEST(the oldest finished logs go when all take too much memory) {
  node->bounds.replay_bytes = 30'000;
  auto about = direct();
  std::vector<run_opened> runs;
  for (int i = 0; i < 4; ++i)
    runs.push_back(answered(about, "Question " + std::to_string(i), std::string(10'000, 'x')));
  CAF_CHECK(!attached(runs[3].user)->has(told_again));
  CAF_CHECK(attached(runs[0].user)->has(told_again));
}

CAF_TEST(what is told again has each text once and all that was kept) {
  auto about = new_session({"m1", "m2"}).about.id;
  auto run = opened(question(about, "Hello"));
  upstream_does(0, [](auto& r) {
    r.accept();
    r.body("data: {\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"Hm\"}}]}\n\n");
    r.text("One"), r.text(" two");
    r.body(
      R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"look","arguments":"{}"}}]}}]})"
      "\n\n");
    r.finish("tool_calls");
  });
  upstream_does(1, [](auto& r) { r.accept(), r.text("Hal"), r.fail(ec::upstream_truncated); });
  restart_node();
  auto log = attached(run.user);
  CAF_CHECK(log->text.starts_with(std::string{told_again}
                                  + "ag:{\"content\":\"Hm\"}\na0:{\"content\":\"One two\"}\n"
                                    "a9:{\"toolCallId\":\"c1\",\"toolName\":\"look\",\"args\":{}}\n"
                                    "ad:{\"finishReason\":\"tool-calls\""));
  CAF_CHECK(log->has("b2:[{\"type\":\"restart\"}]\nb0:{\"content\":\"Hal\"}\nbd:{\"finishReason\":\"error\""));
  CAF_CHECK(log->has("\"code\":\"upstream_truncated\""));
  CAF_CHECK_EQUAL(log->ends, 1);
}

CAF_TEST(an offset of the run itself never skips what is told again) {
  auto run = opened(question(direct(), "Hello"));
  upstream_does(0, [](auto& r) { r.accept(), r.text("1"), r.text("2"), r.text("3"), r.finish(); });
  restart_node();
  for (std::uint64_t from : {0, 2, 4, 100}) {
    auto log = attached(run.user, {run.run, from});
    CAF_CHECK(log->text.starts_with(std::string{told_again} + "a0:{\"content\":\"123\"}\nad:"));
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
