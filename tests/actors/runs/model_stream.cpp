#define CAF_SUITE actors.runs.model_stream

#include "actors/runs/model_stream.hpp"
#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

/// What a stream told its coordinator: `text:Hi`, `restart`, `call:look`, …, and how it ended.
struct told {
  std::string events;
  int progress = 0;
  std::vector<answer_ended> ends;
};

using told_ptr = std::shared_ptr<told>;

/// What a stream hands on.
void keep(told& so_far, const answer_progress& m) {
  ++so_far.progress;
  for (auto& event : m.events) {
    auto& text = so_far.events;
    if (auto* delta = std::get_if<answer_delta>(&event))
      text += (delta->kind == event_kind::text ? "text:" : "reasoning:") + delta->content + " ";
    else if (auto* begun = std::get_if<tool_call_begin>(&event))
      text += "begin:" + begun->id + ":" + begun->name + " ";
    else if (auto* grown = std::get_if<tool_call_delta>(&event))
      text += "grow:" + grown->id + ":" + grown->arguments + " ";
    else if (auto* call = std::get_if<tool_call>(&event))
      text += "call:" + call->id + ":" + call->name + ":" + call->arguments + " ";
    else if (std::holds_alternative<answer_restart>(event))
      text += "restart ";
  }
}

run_actor::behavior_type coordinator(run_actor::pointer, told_ptr told_so_far) {
  return {[](const open_log&) -> caf::result<run_opened> { return caf::sec::unexpected_message; },
          [](const attach_reader&) {},
          [](const reader_credit&) {},
          [](const detach_reader&) {},
          [](const stop_answers&) { return stopped_answers{}; },
          [](const snapshot_run&) { return run_snapshot{}; },
          [](const forget_log&) {},
          [](await_answers) -> caf::result<completed_run> { return caf::sec::unexpected_message; },
          [told_so_far](const answer_ended& m) { told_so_far->ends.push_back(m); },
          [](const alarm_tick&) {}};
}

struct fixture : node_fixture {
  fixture() {
    at->kind = provider_kind::openai;
    at->base_url = "http://127.0.0.1:1";
    at->api_key = "sk-very-secret-0123456789";
    at->clocks = {10s, 60s, 20s, 300s};
    first.id = first.display_name = first.upstream_name = "first";
    first.at = at;
    first.retries = 0;
    second = first;
    second.id = second.display_name = second.upstream_name = "second";
  }

  /// Begins an answer by `first`, then `second` if `with_fallback`.
  void start(bool with_fallback = false) {
    model_stream_plan plan;
    plan.home = &loop;
    plan.coordinator = parent;
    plan.tell = [this](answer_progress& m) { keep(*heard, m); };
    plan.who = 1;
    plan.targets.push_back(std::make_shared<const model>(first));
    if (with_fallback)
      plan.targets.push_back(std::make_shared<const model>(second));
    plan.ask.messages.push_back({message_role::user, "Hello"});
    stream = ends(spawn_model_stream(sys, std::move(plan)));
    consume_messages();
  }

  /// The one end there must be.
  const answer_ended& end() {
    CAF_REQUIRE_EQUAL(heard->ends.size(), 1u);
    CAF_CHECK_EQUAL(static_cast<int>(heard->ends[0].who), 1);
    return heard->ends[0];
  }

  void check_failed(ec code) {
    CAF_CHECK(end().reason == finish_reason::error);
    CAF_REQUIRE(end().error.has_value());
    CAF_CHECK_EQUAL(name(end().error->code), name(code));
    CAF_CHECK(!end().error->message.empty());
    CAF_CHECK(end().error->message.find("sk-very") == std::string::npos);
    CAF_CHECK(loop.requests.back()->closed);
  }

  bool closed(std::size_t request) { return loop.requests.at(request)->closed; }

  std::shared_ptr<upstream> at = std::make_shared<upstream>();
  model first;
  model second;
  told_ptr heard = std::make_shared<told>();
  run_actor parent = ends(sys.spawn(coordinator, heard));
  model_stream_actor stream;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(model_stream_tests, fixture)

CAF_TEST(an answer comes in events and ends with its usage and model) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hel"), r.text("lo"); });
  CAF_CHECK_EQUAL(heard->events, "text:Hel text:lo ");
  CAF_CHECK(heard->ends.empty());
  upstream_does(0, [](auto& r) {
    r.body("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n");
    r.finish("length");
  });
  CAF_CHECK(end().reason == finish_reason::length);
  CAF_CHECK(!end().error);
  CAF_CHECK(end().usage == (token_usage{9, 2, true}));
  CAF_CHECK_EQUAL(end().model.id, "first");
}

CAF_TEST(what came in one read is one message and one delta) {
  start();
  auto one = std::string{R"(data: {"choices":[{"index":0,"delta":{"content":"x"}}]})"} + "\n\n";
  upstream_does(0, [&](auto& r) { r.accept(), r.body(one + one + one); });
  CAF_CHECK_EQUAL(heard->progress, 1);
  CAF_CHECK_EQUAL(heard->events, "text:xxx ");
}

CAF_TEST(tool calls come begun and grown and whole) {
  start();
  upstream_does(0, [](auto& r) {
    r.accept();
    r.body(
      R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"look","arguments":"{\"a"}}]}}]})"
      "\n\n");
    r.body(R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\":1}"}}]}}]})"
           "\n\n");
    r.finish("tool_calls");
  });
  CAF_CHECK_EQUAL(heard->events, "begin:c1:look grow:c1:{\"a grow:c1:\":1} call:c1:look:{\"a\":1} ");
  CAF_CHECK(end().reason == finish_reason::tool_calls);
}

CAF_TEST(the connect clock) {
  start();
  pass(9'999ms);
  CAF_CHECK(heard->ends.empty());
  pass(1ms);
  check_failed(ec::upstream_timeout);
}

CAF_TEST(the first token clock counts from the request) {
  start();
  pass(5s);
  upstream_does(0, [](auto& r) { r.accept(); });
  pass(40s);
  upstream_does(0, [](auto& r) { r.body(": still thinking\n\n"); });
  pass(14'999ms);
  CAF_CHECK(heard->ends.empty());
  pass(1ms);
  check_failed(ec::upstream_timeout);
}

CAF_TEST(the idle clock begins again with each read) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("a"); });
  for (int i = 0; i < 3; ++i) {
    pass(19'999ms);
    upstream_does(0, [](auto& r) { r.body(": ping\n\n"); });
  }
  CAF_CHECK(heard->ends.empty());
  pass(10s);
  CAF_CHECK(heard->ends.empty());
  pass(10s);
  check_failed(ec::upstream_timeout);
  CAF_CHECK_EQUAL(heard->events, "text:a ");
}

CAF_TEST(the clock of the whole answer) {
  start();
  upstream_does(0, [](auto& r) { r.accept(); });
  for (int i = 0; i < 30; ++i) {
    CAF_CHECK(heard->ends.empty());
    upstream_does(0, [](auto& r) { r.text("a"); });
    pass(10s);
  }
  check_failed(ec::upstream_timeout);
}

CAF_TEST(a failed try is repeated after a pause that doubles) {
  first.retries = 3;
  start();
  auto pause = 250ms;
  for (std::size_t i = 0; i < 3; ++i, pause *= 2) {
    upstream_does(i, [](auto& r) { r.fail(ec::upstream_unreachable); });
    pass(pause - 1ms);
    CAF_CHECK_EQUAL(loop.requests.size(), i + 1);
    pass(1ms);
    CAF_CHECK_EQUAL(loop.requests.size(), i + 2);
  }
  CAF_CHECK(heard->ends.empty());
  upstream_does(3, [](auto& r) { r.fail(ec::upstream_unreachable); });
  check_failed(ec::upstream_unreachable);
}

CAF_TEST(a clock that runs out is a failed try like others) {
  first.retries = 1;
  start();
  pass(10s);
  CAF_CHECK(closed(0));
  pass(250ms);
  CAF_REQUIRE_EQUAL(loop.requests.size(), 2u);
  upstream_does(1, [](auto& r) { r.answer("Hi"); });
  CAF_CHECK(end().reason == finish_reason::stop);
  CAF_CHECK_EQUAL(heard->events, "text:Hi ");
}

CAF_TEST(a pause that the provider asks for is kept up to a bound) {
  first.retries = 2;
  start();
  upstream_does(0, [](auto& r) { r.respond(429, 2), r.end(); });
  pass(1'999ms);
  CAF_CHECK_EQUAL(loop.requests.size(), 1u);
  pass(1ms);
  CAF_REQUIRE_EQUAL(loop.requests.size(), 2u);
  upstream_does(1, [](auto& r) { r.respond(429, 3'600), r.end(); });
  pass(5s);
  CAF_CHECK_EQUAL(loop.requests.size(), 3u);
}

CAF_TEST(a refused request is not repeated) {
  first.retries = 3;
  start();
  upstream_does(0, [](auto& r) { r.respond(400), r.body(R"({"error":{"message":"No such model."}})"), r.end(); });
  check_failed(ec::upstream_rejected);
  CAF_CHECK(end().error->message.find("No such model.") != std::string::npos);
  CAF_CHECK_EQUAL(loop.requests.size(), 1u);
}

CAF_TEST(the fallback is asked when the tries are used up) {
  first.retries = 1;
  start(true);
  upstream_does(0, [](auto& r) { r.respond(500), r.end(); });
  pass(250ms);
  upstream_does(1, [](auto& r) { r.respond(500), r.end(); });
  CAF_REQUIRE_EQUAL(loop.requests.size(), 3u);
  CAF_CHECK(loop.requests[2]->what.body.find("\"second\"") != std::string::npos);
  upstream_does(2, [](auto& r) { r.answer("Hi"); });
  CAF_CHECK(end().reason == finish_reason::stop);
  CAF_CHECK_EQUAL(end().model.id, "second");
}

CAF_TEST(a refusal goes to the fallback at once) {
  first.retries = 3;
  start(true);
  upstream_does(0, [](auto& r) { r.respond(404), r.end(); });
  CAF_CHECK_EQUAL(loop.requests.size(), 2u);
}

CAF_TEST(nothing is repeated after the first token) {
  first.retries = 3;
  start(true);
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hal"), r.fail(ec::upstream_truncated); });
  pass(10s);
  check_failed(ec::upstream_truncated);
  CAF_CHECK_EQUAL(loop.requests.size(), 1u);
  CAF_CHECK_EQUAL(heard->events, "text:Hal ");
}

CAF_TEST(an answer begins again after its first token where the model says so) {
  first.retries = 1;
  first.restart_on_failure = true;
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hal"), r.fail(ec::upstream_truncated); });
  CAF_CHECK_EQUAL(heard->events, "text:Hal restart ");
  pass(250ms);
  upstream_does(1, [](auto& r) { r.accept(), r.text("Hello"), r.fail(ec::upstream_truncated); });
  check_failed(ec::upstream_truncated);
  CAF_CHECK_EQUAL(heard->events, "text:Hal restart text:Hello ");
}

CAF_TEST(statuses are explained without the key) {
  const std::pair<int, ec> statuses[] = {{401, ec::upstream_rejected},   {403, ec::upstream_rejected},
                                         {422, ec::upstream_rejected},   {429, ec::upstream_rate_limited},
                                         {500, ec::upstream_overloaded}, {529, ec::upstream_overloaded},
                                         {302, ec::upstream_rejected}};
  for (auto& [status, code] : statuses) {
    heard->ends.clear();
    start();
    loop.requests.back()->respond(status);
    loop.requests.back()->body(R"({"error":{"message":"Bad key sk-very-secret-0123456789 of yours"}})");
    loop.requests.back()->end();
    consume_messages();
    check_failed(code);
  }
}

CAF_TEST(a status counts though its body breaks off) {
  first.retries = 3;
  start();
  upstream_does(0, [](auto& r) { r.respond(400), r.body("{\"err"), r.fail(ec::upstream_truncated); });
  check_failed(ec::upstream_rejected);
}

CAF_TEST(a stream without its end mark is truncated) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hal"), r.end(); });
  check_failed(ec::upstream_truncated);
}

CAF_TEST(an empty stream is truncated) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.end(); });
  check_failed(ec::upstream_truncated);
}

CAF_TEST(what is not the format is malformed) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hal"), r.body("data: {\"choices\": nonsense\n\n"); });
  check_failed(ec::upstream_malformed);
  CAF_CHECK_EQUAL(heard->events, "text:Hal ");
}

CAF_TEST(an error event in the middle is told) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hal"), r.body("data: {\"error\":{\"message\":\"Overheated.\"}}\n\n"); });
  CAF_CHECK(end().reason == finish_reason::error);
  CAF_CHECK(end().error->message.find("Overheated.") != std::string::npos);
}

CAF_TEST(ending the stream closes its request at once) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hal"); });
  caf::anon_send_exit(stream, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK(closed(0));
  CAF_CHECK(heard->ends.empty());
}

CAF_TEST(the death of its coordinator closes the request) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hal"); });
  caf::anon_send_exit(parent, caf::exit_reason::kill);
  consume_messages();
  CAF_CHECK(closed(0));
}

CAF_TEST(the end of a response is waited for so that its connection can be used again) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hi"), r.mark_end(); });
  CAF_CHECK(end().reason == finish_reason::stop);
  CAF_CHECK(!closed(0));
  upstream_does(0, [](auto& r) { r.text("late"), r.end(); });
  CAF_CHECK(closed(0));
  CAF_CHECK_EQUAL(heard->events, "text:Hi ");
  CAF_CHECK_EQUAL(heard->ends.size(), 1u);
}

CAF_TEST(the end of a response is not waited for longer than a second) {
  start();
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hi"), r.mark_end(); });
  pass(999ms);
  CAF_CHECK(!closed(0));
  pass(1ms);
  CAF_CHECK(closed(0));
  CAF_CHECK_EQUAL(heard->ends.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
