// What the coordinator of a run promises: one finish per participant whatever happens, stops, limits, silence.

#define CAF_SUITE actors.runs.run

#include "tests/support/node_fixture.hpp"
#include "tests/support/seen_log.hpp"

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

struct fixture : node_fixture {
  /// A run of two participants; a reader of lines is attached.
  void begin_run(bool cancel_on_disconnect = false) {
    about = new_session({"m1", "m2"}).about.id;
    auto wanted = question(about, "Hello");
    wanted.cancel_on_disconnect = cancel_on_disconnect;
    run = opened(std::move(wanted));
    log = read(run);
    for (std::size_t i : {0, 1}) // the providers have begun to answer: their own clocks are long
      upstream_does(i, [](auto& r) { r.accept(); });
  }

  const message& stored(std::size_t answer) {
    auto* found = book->find(run.answers.at(answer).id);
    CAF_REQUIRE(found != nullptr);
    return *found;
  }

  expected<stopped_answers> stop(message_id id) { return ask<stopped_answers>(sessions(), stop_message{id}); }

  pending<stopped_answers> begin_stop(message_id id) {
    return node_fixture::begin<stopped_answers>(sessions(), stop_message{id});
  }

  /// Both finished, once each, and the reader was told the end once.
  void check_whole(std::string_view a, std::string_view b) {
    CAF_CHECK_EQUAL(log->count("ad:"), 1);
    CAF_CHECK_EQUAL(log->count("bd:"), 1);
    CAF_CHECK_EQUAL(log->ends, 1);
    CAF_CHECK(log->has("ad:{\"finishReason\":\"" + std::string{a} + "\""));
    CAF_CHECK(log->has("bd:{\"finishReason\":\"" + std::string{b} + "\""));
  }

  session_id about;
  run_opened run;
  received_ptr log;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(run_tests, fixture)

CAF_TEST(a death is told with the ids of the run) {
  begin_run();
  seen_log seen;
  kill(alarmed(0));
  auto lines = seen.lines_with("actor=run died: kill");
  CAF_REQUIRE_EQUAL(lines.size(), 1u);
  CAF_CHECK_EQUAL(lines[0], "error session=" + to_string(about) + " run=" + to_string(run.run) + " actor=run died: kill");
  CAF_CHECK_EQUAL(seen.deaths("run"), 1u);
  CAF_CHECK_EQUAL(seen.lines_with(" died: ").size(), 1u); // its streams end with it as they should
}

CAF_TEST(a reader that dies is told as dropped and one that leaves is not ) {
  begin_run();
  seen_log seen;
  auto another = read(run);
  caf::anon_send_exit(log->reader, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK_EQUAL(seen.dropped(reader_drop::died), 1u);
  auto ids = "session=" + to_string(about) + " run=" + to_string(run.run) + " ";
  CAF_CHECK_EQUAL(seen.lines(), std::vector<std::string>{"debug " + ids + "reader=died dropped"});
  upstream_does(0, [](auto& r) { r.text("x"), r.finish(); });
  upstream_does(1, [](auto& r) { r.text("x"), r.finish(); });
  caf::anon_send_exit(another->reader, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK_EQUAL(seen.dropped(reader_drop::died), 1u);
}

CAF_TEST(the death of a model stream is a failure of its participant alone) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("half"); });
  kill(alarmed(1));
  CAF_CHECK(log->has("ad:{\"finishReason\":\"error\""));
  CAF_CHECK(log->has("\"code\":\"internal\""));
  CAF_CHECK(!log->ended());
  upstream_does(1, [](auto& r) { r.answer("whole"); });
  check_whole("error", "stop");
  CAF_CHECK_EQUAL(stored(0).content, "half");
  CAF_CHECK(stored(0).status == message_status::failed);
  CAF_CHECK_EQUAL(stored(1).content, "whole");
}

CAF_TEST(a failed answer keeps its text and says why) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("one"), r.text(" two"), r.fail(ec::upstream_truncated); });
  upstream_does(1, [](auto& r) { r.answer("whole"); });
  check_whole("error", "stop");
  CAF_CHECK_EQUAL(stored(0).content, "one two");
  CAF_CHECK(stored(0).error->code == ec::upstream_truncated);
  CAF_CHECK(stored(0).finish == finish_reason::error);
}

CAF_TEST(one participant never waits for another) {
  begin_run();
  upstream_does(1, [](auto& r) { r.answer("fast"); });
  CAF_CHECK(log->has("bd:{\"finishReason\":\"stop\""));
  CAF_CHECK(stored(1).status == message_status::success);
  CAF_CHECK(!log->ended());
  upstream_does(0, [](auto& r) { r.answer("slow"); });
  check_whole("stop", "stop");
}

CAF_TEST(stopping one answer leaves the other) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("half"); });
  auto states = stop(run.answers[0].id);
  CAF_REQUIRE(states.has_value());
  CAF_REQUIRE_EQUAL(states->states.size(), 1u);
  CAF_CHECK(states->states[0].finish == finish_reason::cancelled);
  CAF_CHECK(loop.requests[0]->closed);
  CAF_CHECK(!loop.requests[1]->closed);
  upstream_does(1, [](auto& r) { r.answer("whole"); });
  check_whole("cancelled", "stop");
  CAF_CHECK_EQUAL(stored(0).content, "half");
}

CAF_TEST(stopping the question stops all its answers) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("half"); });
  auto states = stop(run.user);
  CAF_REQUIRE(states.has_value());
  CAF_CHECK_EQUAL(states->states.size(), 2u);
  check_whole("cancelled", "cancelled");
  CAF_CHECK(loop.requests[0]->closed && loop.requests[1]->closed);
}

CAF_TEST(a stop is answered when the answer is stored) {
  begin_run();
  book->hold = true;
  auto states = begin_stop(run.user);
  CAF_CHECK(!states->has_value());
  CAF_CHECK_EQUAL(log->count("d:{"), 0);
  release_store();
  CAF_CHECK_EQUAL(take(states)->states.size(), 2u);
  check_whole("cancelled", "cancelled");
}

CAF_TEST(stopping again and after the end is harmless) {
  begin_run();
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  for (int i = 0; i < 2; ++i) {
    auto states = stop(run.user);
    CAF_REQUIRE(states.has_value());
    CAF_REQUIRE_EQUAL(states->states.size(), 2u);
    CAF_CHECK(states->states[0].finish == finish_reason::stop);
    CAF_CHECK(states->states[1].finish == finish_reason::cancelled);
  }
  CAF_CHECK(stop(run.answers[0].id)->states[0].status == message_status::success);
  check_whole("stop", "cancelled");
}

CAF_TEST(what was on its way when it was stopped comes too late) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("half"); });
  book->hold = true;
  auto states = begin_stop(run.answers[0].id);
  upstream_does(0, [](auto& r) { r.text(" more"), r.finish(); });
  release_store();
  CAF_CHECK(!log->has("more"));
  CAF_CHECK_EQUAL(stored(0).content, "half");
  CAF_CHECK_EQUAL(log->count("ad:"), 1);
}

CAF_TEST(an answer without a reader goes on to its end) {
  begin_run();
  kill(log->reader);
  pass(30s);
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  CAF_CHECK(stored(0).status == message_status::success);
}

CAF_TEST(with cancel a run ends when nobody has read it for the grace) {
  begin_run(true);
  pass(10s);
  CAF_CHECK(!loop.requests[0]->closed); // somebody reads
  kill(log->reader);
  pass(4'999ms);
  CAF_CHECK(!loop.requests[0]->closed);
  pass(1ms);
  CAF_CHECK(loop.requests[0]->closed && loop.requests[1]->closed);
  CAF_CHECK(stored(0).finish == finish_reason::cancelled);
}

CAF_TEST(who comes back within the grace saves the run) {
  begin_run(true);
  kill(log->reader);
  pass(4s);
  log = read(run);
  pass(5s);
  pass(5s);
  CAF_CHECK(!loop.requests[0]->closed);
  upstream_does(0, [](auto& r) { r.answer("A"); });
  upstream_does(1, [](auto& r) { r.answer("B"); });
  check_whole("stop", "stop");
}

CAF_TEST(with cancel a run that nobody ever read ends too) {
  auto made = new_session({"m1"});
  auto wanted = question(made.about.id, "Hello");
  wanted.cancel_on_disconnect = true;
  run = opened(std::move(wanted));
  upstream_does(0, [](auto& r) { r.accept(); });
  pass(5s);
  CAF_CHECK(stored(0).finish == finish_reason::cancelled);
}

CAF_TEST(an answer over its limit is ended and kept up to there) {
  node->bounds.max_answer_bytes = 10;
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("12345"), r.text("67890"), r.text("x"), r.text("y"); });
  upstream_does(1, [](auto& r) { r.answer("short"); });
  check_whole("error", "stop");
  CAF_CHECK(log->has("\"code\":\"answer_too_large\""));
  CAF_CHECK(!log->has("\"x\""));
  CAF_CHECK(loop.requests[0]->closed);
  CAF_CHECK_EQUAL(stored(0).content, "1234567890");
}

CAF_TEST(after silence there is a heartbeat) {
  begin_run();
  pass(14'999ms);
  CAF_CHECK_EQUAL(log->count("heartbeat"), 0);
  pass(1ms);
  CAF_CHECK_EQUAL(log->count("a2:[{\"type\":\"heartbeat\"}]\n"), 1);
  upstream_does(0, [](auto& r) { r.accept(), r.text("a"); });
  pass(14s);
  CAF_CHECK_EQUAL(log->count("heartbeat"), 1);
  pass(1s);
  CAF_CHECK_EQUAL(log->count("heartbeat"), 2);
  upstream_does(0, [](auto& r) { r.finish(); });
  pass(15s);
  CAF_CHECK_EQUAL(log->count("b2:[{\"type\":\"heartbeat\"}]\n"), 1);
}

CAF_TEST(a whole answer leaves its connection the time to be used again) {
  begin_run();
  upstream_does(0, [](auto& r) { r.text("whole"), r.mark_end(); });
  CAF_CHECK_EQUAL(log->count("ad:"), 1);
  CAF_CHECK(!loop.requests[0]->closed);
  upstream_does(0, [](auto& r) { r.end(); });
  CAF_CHECK(loop.requests[0]->closed);
}

CAF_TEST(usage that the provider does not report is estimated) {
  begin_run();
  upstream_does(0, [](auto& r) { r.answer("12345678"); });
  CAF_CHECK(stored(0).usage == (token_usage{2, 2, false})); // "Hello" is 5 bytes
  CAF_CHECK(log->has("\"source\":\"estimated\""));
}

CAF_TEST(the time to the first token and to the end is kept) {
  begin_run();
  pass(100ms);
  upstream_does(0, [](auto& r) { r.accept(), r.text("a"); });
  pass(200ms);
  upstream_does(0, [](auto& r) { r.finish(); });
  CAF_CHECK(stored(0).latency == (answer_latency{100, 300}));
  upstream_does(1, [](auto& r) { r.respond(500), r.end(); });
  CAF_CHECK(stored(1).latency == (answer_latency{std::nullopt, 300}));
}

CAF_TEST(a snapshot has the text so far) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("so far"); });
  auto now = ask<run_snapshot>(caf::actor_cast<run_actor>(run.log), snapshot_run{});
  CAF_REQUIRE(now.has_value());
  CAF_REQUIRE_EQUAL(now->answers.size(), 2u);
  CAF_CHECK_EQUAL(now->answers[0].content, "so far");
  CAF_CHECK(now->answers[0].status == message_status::streaming);
  CAF_CHECK(now->answers[1].status == message_status::pending);
}

CAF_TEST(tool calls are streamed and stored) {
  begin_run();
  upstream_does(0, [](auto& r) {
    r.accept();
    r.body(
      R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"look","arguments":"{}"}}]}}]})"
      "\n\n");
    r.finish("tool_calls");
  });
  CAF_CHECK(log->has("a9:{\"toolCallId\":\"c1\",\"toolName\":\"look\",\"args\":{}}\n"));
  CAF_CHECK(stored(0).tool_calls == (std::vector<tool_call>{{"c1", "look", "{}"}}));
  CAF_CHECK(stored(0).status == message_status::success);
}

CAF_TEST(a finished run leaves nothing of itself behind) {
  begin_run();
  auto coordinator = run.log.address();
  upstream_does(0, [](auto& r) { r.answer("A"); });
  upstream_does(1, [](auto& r) { r.answer("B"); });
  sched.advance_time(5min); // the log has outlived its window, the session has not
  consume_messages();
  run.log = nullptr;
  loop.actors.clear();
  loop.requests.clear();
  // Its reader and its session live on; what they remember of the run would be the run's whole memory.
  auto* block = coordinator.get();
  CAF_CHECK_EQUAL(block->strong_refs.load(), 0u);
  CAF_CHECK_EQUAL(block->weak_refs.load(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
