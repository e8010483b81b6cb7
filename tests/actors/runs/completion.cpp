// Runs without a session: when they answer, what a failure becomes, and that they end with their client.

#define CAF_SUITE actors.runs.completion

#include "tests/support/node_fixture.hpp"
#include "wire/clients/openai_request.hpp"

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

struct fixture : node_fixture {
  fixture() {
    client = std::make_shared<received_log>();
    client->reader = ends(spawn_reader(sys, client));
    completions = ends(spawn_completions(sys, node));
  }

  completion_plan plan(std::vector<std::string> models) {
    completion_plan result;
    result.ask =
      wire::read_openai_request(wire::json_object::parse(R"({"model":"m","messages":[{"role":"user","content":"12345678"}]})"))
        ->ask;
    for (auto& id : models)
      result.models.push_back(node->models.find(id));
    result.home = &loop;
    result.client = client->reader;
    return result;
  }

  pending<run_opened> stream(std::vector<std::string> models) {
    return begin<run_opened>(completions, stream_completion{plan(std::move(models))});
  }

  pending<completed_run> await(std::vector<std::string> models) {
    return begin<completed_run>(completions, await_completion{plan(std::move(models))});
  }

  void read(const run_opened& run, const wire::stream_encoder& format = wire::openai_stream()) {
    caf::anon_send(run.log, attach_reader{client->reader, 1, &format, run.from});
    consume_messages();
  }

  pending<store_written> drain(bool interrupt) { return begin<store_written>(completions, drain_node{interrupt}); }

  /// Nothing of the node is at work for a client any more.
  bool all_closed() const {
    return std::all_of(loop.requests.begin(), loop.requests.end(), [](auto& r) { return r->closed; });
  }

  received_ptr client;
  completions_actor completions;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(completion_tests, fixture)

CAF_TEST(a stream is opened when something of it has come) {
  auto opened = stream({"m1"});
  CAF_REQUIRE_EQUAL(loop.requests.size(), 1u);
  upstream_does(0, [](auto& r) { r.accept(); });
  CAF_CHECK(!opened->has_value());
  upstream_does(0, [](auto& r) { r.text("Hel"); });
  auto run = take(opened);
  CAF_REQUIRE(run.has_value());
  CAF_CHECK(!run->session_key);
  read(*run);
  upstream_does(0, [](auto& r) { r.text("lo"), r.finish(); });
  CAF_CHECK(client->has("\"content\":\"Hel\""));
  CAF_CHECK(client->has("\"content\":\"lo\""));
  CAF_CHECK_EQUAL(client->count("\"role\":\"assistant\""), 1);
  CAF_CHECK_EQUAL(client->count("\"finish_reason\":\"stop\""), 1);
  CAF_CHECK(client->text.ends_with("data: [DONE]\n\n"));
  CAF_CHECK_EQUAL(client->ends, 1);
}

CAF_TEST(calls that an upstream writes side by side come to their own blocks) {
  auto opened = stream({"m1"});
  auto calls = [](auto& r, const std::string& entries) {
    r.body(R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[)" + entries + "]}}]}\n\n");
  };
  upstream_does(0, [&](auto& r) {
    r.accept();
    calls(r, R"({"index":0,"id":"c0","function":{"name":"look","arguments":"{\"a\":"}})");
    calls(r, R"({"index":1,"id":"c1","function":{"name":"look","arguments":"{\"b\":"}})");
  });
  auto run = take(opened);
  CAF_REQUIRE(run.has_value());
  read(*run, wire::anthropic_stream());
  upstream_does(0, [&](auto& r) {
    calls(r, R"({"index":0,"function":{"arguments":"1}"}})");
    calls(r, R"({"index":1,"function":{"arguments":"2}"}})");
    r.finish("tool_calls");
  });
  CAF_CHECK(client->has(R"("index":0,"delta":{"type":"input_json_delta","partial_json":"1}"})"));
  CAF_CHECK(client->has(R"("index":1,"delta":{"type":"input_json_delta","partial_json":"2}"})"));
  auto last_delta = client->text.rfind("content_block_delta");
  CAF_CHECK(client->text.find("content_block_stop") > last_delta);
  CAF_CHECK_EQUAL(client->count("event: content_block_stop"), 2);
}

CAF_TEST(a failure before anything came is the answer to the request) {
  auto opened = stream({"m1"});
  upstream_does(0, [](auto& r) { r.respond(429), r.end(); });
  CAF_CHECK_EQUAL(code_of(take(opened)), "upstream_rate_limited");
}

CAF_TEST(a failed choice waits for the others before it decides) {
  auto opened = stream({"m1", "m2"});
  upstream_does(0, [](auto& r) { r.respond(500), r.end(); });
  CAF_CHECK(!opened->has_value());
  upstream_does(1, [](auto& r) { r.respond(429), r.end(); });
  CAF_CHECK_EQUAL(code_of(take(opened)), "upstream_overloaded"); // the first choice's
}

CAF_TEST(a failed choice beside others is told in its place) {
  auto opened = stream({"m1", "m2"});
  upstream_does(0, [](auto& r) { r.respond(500), r.end(); });
  upstream_does(1, [](auto& r) { r.answer("fine"); });
  auto run = take(opened);
  CAF_REQUIRE(run.has_value());
  read(*run);
  CAF_CHECK(
    client->has("\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":\"error\","
                "\"error\":{"));
  CAF_CHECK(client->has("\"index\":1,\"delta\":{\"role\":\"assistant\",\"content\":\"fine\"}"));
  CAF_CHECK(client->text.ends_with("data: [DONE]\n\n"));
}

CAF_TEST(trouble in the middle of the only choice ends the stream with an error) {
  auto opened = stream({"m1"});
  upstream_does(0, [](auto& r) { r.accept(), r.text("half"); });
  read(*take(opened));
  upstream_does(0, [](auto& r) { r.fail(ec::upstream_truncated); });
  CAF_CHECK(client->has("data: {\"error\":{"));
  CAF_CHECK(!client->has("[DONE]"));
  CAF_CHECK_EQUAL(client->ends, 1);
}

CAF_TEST(a long silence opens the stream and is told by comments) {
  auto opened = stream({"m1"});
  upstream_does(0, [](auto& r) { r.accept(); });
  pass(node->bounds.heartbeat - 1ms);
  CAF_CHECK(!opened->has_value());
  pass(1ms);
  auto run = take(opened);
  CAF_REQUIRE(run.has_value());
  read(*run);
  pass(node->bounds.heartbeat);
  CAF_CHECK_EQUAL(client->text, ": keep-alive\n\n");
  upstream_does(0, [](auto& r) { r.respond(500), r.end(); });
  CAF_CHECK(client->has("data: {\"error\":{"));
}

CAF_TEST(a whole answer comes when all choices have ended) {
  auto done = await({"m1", "m2"});
  upstream_does(0, [](auto& r) { r.answer("one"); });
  CAF_CHECK(!done->has_value());
  upstream_does(1, [](auto& r) { r.respond(500), r.end(); });
  auto result = take(done);
  CAF_REQUIRE(result.has_value());
  CAF_REQUIRE_EQUAL(result->answers.size(), 2u);
  CAF_CHECK_EQUAL(result->answers[0].content, "one");
  CAF_CHECK(result->answers[0].finish == finish_reason::stop);
  CAF_CHECK(result->answers[1].error->code == ec::upstream_overloaded);
  CAF_CHECK(!result->outcome.failed);
  // Estimated: the provider said nothing.
  CAF_CHECK_EQUAL(result->outcome.usage->completion_tokens, 1);
  CAF_CHECK(result->outcome.usage->prompt_tokens >= 2);
  CAF_CHECK(!result->outcome.usage->reported);
}

CAF_TEST(a whole answer fails if no choice succeeds) {
  auto done = await({"m1"});
  upstream_does(0, [](auto& r) { r.accept(), r.text("half"), r.fail(ec::upstream_truncated); });
  CAF_CHECK_EQUAL(code_of(take(done)), "upstream_truncated");
}

CAF_TEST(the end of the client closes the requests to the upstreams) {
  auto opened = stream({"m1", "m2"});
  upstream_does(0, [](auto& r) { r.accept(), r.text("half"); });
  CAF_CHECK(!all_closed());
  kill(client->reader);
  CAF_CHECK(all_closed());
  CAF_CHECK(take(drain(false)).has_value());
}

CAF_TEST(a client that is gone already is asked nothing for) {
  kill(client->reader);
  stream({"m1"});
  CAF_CHECK(all_closed());
}

CAF_TEST(the connection of an answer that has ended can be used again) {
  auto done = await({"m1"});
  upstream_does(0, [](auto& r) { r.accept(), r.text("whole"), r.mark_end(); });
  CAF_CHECK(take(done).has_value());
  CAF_CHECK(!loop.requests[0]->closed); // the response's end is yet to come
  upstream_does(0, [](auto& r) { r.end(); });
  CAF_CHECK(loop.requests[0]->closed);
  CAF_CHECK(!alarmed(0));
}

CAF_TEST(an answer over the limit ends as length) {
  node->bounds.max_answer_bytes = 8;
  auto done = await({"m1"});
  upstream_does(0, [](auto& r) { r.accept(), r.text("123456"), r.text("789"); });
  auto result = take(done);
  CAF_REQUIRE(result.has_value());
  CAF_CHECK_EQUAL(result->answers[0].content, "123456");
  CAF_CHECK(result->answers[0].finish == finish_reason::length);
  CAF_CHECK(loop.requests[0]->closed);
}

CAF_TEST(the death of a model stream is the failure of its choice) {
  auto done = await({"m1"});
  kill(alarmed(1)); // after its coordinator's
  CAF_CHECK_EQUAL(code_of(take(done)), "internal");
}

CAF_TEST(the death of a completion is told to who waits) {
  auto done = await({"m1"});
  kill(alarmed(0));
  CAF_CHECK_EQUAL(code_of(take(done)), "internal");
  CAF_CHECK(take(drain(false)).has_value());
}

CAF_TEST(a node that drains waits for what is under way and begins nothing) {
  auto done = await({"m1"});
  auto drained = drain(false);
  CAF_CHECK(!drained->has_value());
  CAF_CHECK_EQUAL(code_of(take(await({"m2"}))), "unavailable");
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  CAF_CHECK(take(done).has_value());
  CAF_CHECK(take(drained).has_value());
}

CAF_TEST(a node that waits no longer ends what is under way) {
  auto opened = stream({"m1"});
  upstream_does(0, [](auto& r) { r.accept(), r.text("half"); });
  read(*take(opened));
  CAF_CHECK(take(drain(true)).has_value());
  CAF_CHECK(client->has("\"code\":\"unavailable\""));
  CAF_CHECK_EQUAL(client->ends, 1);
}

CAF_TEST(a slow reader is given what it has taken) {
  node->bounds.reader_window_bytes = 1024;
  auto opened = stream({"m1"});
  upstream_does(0, [](auto& r) { r.accept(), r.text(std::string(600, 'z')); });
  auto run = take(opened);
  read(*run);
  for (int i = 0; i < 20; ++i)
    upstream_does(0, [](auto& r) { r.text(std::string(600, 'z')); });
  CAF_CHECK_LESS(client->text.size(), 4096u);
  upstream_does(0, [](auto& r) { r.finish(); });
  CAF_CHECK_EQUAL(client->ends, 0);
  for (int i = 0; i < 40 && client->ends == 0; ++i) {
    caf::send_as(caf::actor_cast<caf::actor>(client->reader), caf::actor_cast<caf::actor>(run->log), reader_credit{1, 1 << 20});
    consume_messages();
  }
  CAF_CHECK_EQUAL(client->ends, 1);
  CAF_CHECK_EQUAL(std::count(client->text.begin(), client->text.end(), 'z'), 21 * 600);
}

CAF_TEST_FIXTURE_SCOPE_END()
