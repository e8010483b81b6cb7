// OpenAI's paths: which requests get through to the completions, and what is answered.

#define CAF_SUITE net.api.handlers_openai

#include "tests/net/api/handlers_fixture.hpp"
#include "tests/support/seen_log.hpp"
#include "wire/clients/client_request.hpp"

#include <nlohmann/json.hpp>

using namespace parley;
using namespace parley::net;

namespace {

using nlohmann::json;

constexpr auto path = "/v1/chat/completions";

std::string body(std::string_view more = "{}") {
  auto result = json::parse(R"({"model":"fast","messages":[{"role":"user","content":"Hello"}]})");
  result.update(json::parse(more));
  return result.dump();
}

struct fixture : handlers_fixture {
  json answered(std::string method, std::string target, int status, std::string text = {}) {
    auto ex = served(std::move(method), std::move(target), std::move(text));
    CAF_REQUIRE(ex.answered.has_value());
    CAF_CHECK_EQUAL(ex.answered->status, status);
    return json::parse(ex.answered->body);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(handlers_openai_tests, fixture)

CAF_TEST(a stream is asked for as the connection and in OpenAIs chunks) {
  auto ex = served("POST", path, body(R"({"stream":true})"));
  CAF_REQUIRE(ex.streamed.has_value());
  CAF_CHECK(ex.streamed_as == &wire::openai_stream());
  CAF_CHECK(ex.ends_with_client());
  auto plan = asked<stream_completion>().what;
  CAF_CHECK(plan.client.address() == connection.address());
  CAF_CHECK(plan.home == &home);
  CAF_REQUIRE_EQUAL(plan.models.size(), 1u);
  CAF_CHECK_EQUAL(plan.models[0]->id, "fast");
  CAF_CHECK(served("POST", path, body(R"({"stream":true,"stream_options":{"include_usage":true}})")).streamed_as
            == &wire::openai_usage_stream());
}

CAF_TEST(several models and several choices of each stand in order) {
  served("POST", path, body(R"({"model":"slow,fast","n":2})"));
  std::string ids;
  for (auto& entry : asked<await_completion>().what.models)
    ids += entry->id + " ";
  CAF_CHECK_EQUAL(ids, "slow slow fast fast ");
}

CAF_TEST(a whole answer is a completion) {
  message answer;
  answer.seat = 0;
  answer.content = "Hi";
  answer.finish = finish_reason::stop;
  play->completed = {a_run, {answer}, {token_usage{9, 5, false}, false}};
  auto result = answered("POST", path, 200, body());
  CAF_CHECK_EQUAL(result["object"], "chat.completion");
  CAF_CHECK_EQUAL(result["model"], "fast");
  CAF_CHECK_EQUAL(result["choices"], json::parse(R"([{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null},
    "logprobs":null,"finish_reason":"stop"}])"));
  CAF_CHECK_EQUAL(result["usage"],
                  json::parse(R"({"prompt_tokens":9,"completion_tokens":5,"total_tokens":14,"source":"estimated"})"));
}

CAF_TEST(tool calls of a whole answer stand without a text) {
  message answer;
  answer.tool_calls.push_back({"c1", "f", "{}"});
  answer.finish = finish_reason::tool_calls;
  play->completed = {a_run, {answer}, {}};
  auto choice = answered("POST", path, 200, body())["choices"][0];
  CAF_CHECK(choice["message"]["content"].is_null());
  CAF_CHECK_EQUAL(choice["message"]["tool_calls"],
                  json::parse(R"([{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}])"));
  CAF_CHECK_EQUAL(choice["finish_reason"], "tool_calls");
}

CAF_TEST(a completed run without an answer ends the connection and says so) {
  test::seen_log seen;
  play->completed = {a_run, {}, {}};
  auto ex =
    make_exchange("POST", "/v1/messages/", R"({"model":"fast","max_tokens":9,"messages":[{"role":"user","content":"Hi"}]})");
  serve(ex);
  CAF_CHECK_EQUAL(ex.answers(), 0);
  CAF_CHECK_EQUAL(seen.deaths("connection"), 1u);
  CAF_CHECK_EQUAL(seen.lines_with("died: broken invariant: a run that is completed has an answer (").size(), 1u);
}

CAF_TEST(a model that is not there or has no key is not found) {
  for (auto id : {"nothing", "absent", "fast,nothing", "fast,"}) {
    play->asked.reset();
    auto error = answered("POST", path, 404, body("{\"model\":\"" + std::string{id} + "\"}"))["error"];
    CAF_CHECK_EQUAL(error["code"], "model_not_found");
    CAF_CHECK_EQUAL(error["param"], "model");
    CAF_CHECK_EQUAL(error["type"], "invalid_request_error");
    CAF_CHECK(!play->asked.has_value());
  }
}

CAF_TEST(what is wrong is refused before anybody is asked) {
  CAF_CHECK_EQUAL(refusal("POST", path, "{"), "invalid_request");
  CAF_CHECK_EQUAL(refusal("POST", path, body(R"({"n":99})")), "invalid_request n");
  CAF_CHECK_EQUAL(refusal("POST", path, body(R"({"messages":[{"role":"user"}]})")), "invalid_request messages[0].content");
  CAF_CHECK_EQUAL(refusal("GET", path), "method_not_allowed");
  json many;
  for (int i = 0; i < 1100; ++i)
    many["x" + std::to_string(i)] = i;
  CAF_CHECK_EQUAL(refusal("POST", path, body(many.dump())), "invalid_request");
}

CAF_TEST(a failure of the run is the answer) {
  play->fails = failure{ec::upstream_rate_limited, "Slow down.", {}};
  CAF_CHECK_EQUAL(served("POST", path, body()).refusal(), "upstream_rate_limited");
  CAF_CHECK_EQUAL(served("POST", path, body(R"({"stream":true})")).refusal(), "upstream_rate_limited");
}

CAF_TEST(the models that can be asked are listed) {
  auto list = answered("GET", "/v1/models", 200);
  CAF_CHECK_EQUAL(list["object"], "list");
  CAF_REQUIRE_EQUAL(list["data"].size(), 2u);
  CAF_CHECK_EQUAL(list["data"][0], json::parse(R"({"id":"fast","object":"model","created":0,"owned_by":"demo"})"));
  auto slow = answered("GET", "/v1/models/slow", 200);
  CAF_CHECK_EQUAL(slow["id"], "slow");
  auto missing = answered("GET", "/v1/models/a/b%2Fc", 404);
  CAF_CHECK_EQUAL(missing["error"]["message"], "The model `a/b/c` does not exist; GET /v1/models lists them.");
}

CAF_TEST_FIXTURE_SCOPE_END()
