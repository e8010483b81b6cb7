// What holds for every provider format, whatever it looks like. A new one is in these tests by its line in
// `core/provider_kind.hpp`; all it must bring is an answer of its own, below.

#define CAF_SUITE wire.dialects.dialect_contract

#include "tests/wire/dialects/decoded.hpp"
#include "wire/dialects/dialect.hpp"

#include <caf/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace parley;
using namespace parley::wire;

namespace {

constexpr std::string_view key = "hunter2";

/// An answer's body that says `Hello` and `, world`, as the provider sends it.
std::string answer_of(provider_kind kind) {
  switch (kind) {
  case provider_kind::openai:
  case provider_kind::demo:
    return "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hello\"}}]}\n\n"
           "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\", world\"},\"finish_reason\":\"stop\"}]}\n\n"
           "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n"
           "data: [DONE]\n\n";
  case provider_kind::anthropic:
    return "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9}}}\n\n"
           "event: content_block_delta\n"
           "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n"
           "event: content_block_delta\n"
           "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\", world\"}}\n\n"
           "event: message_delta\n"
           "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n"
           "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
  }
  return {};
}

/// What any upstream can be asked for, in that API.
std::string_view request_of(client_api api) {
  switch (api) {
  case client_api::openai:
    return R"({"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Who?"}],"tools":[{"type":"function",
      "function":{"name":"look","parameters":{"type":"object","properties":{"z":{},"a":{}}}}}],"temperature":0.5})";
  case client_api::anthropic:
    return R"({"max_tokens":10,"system":"Be brief.","messages":[{"role":"user","content":"Who?"}],"tools":[{
      "name":"look","input_schema":{"type":"object","properties":{"z":{},"a":{}}}}],"temperature":0.5})";
  }
  return "{}";
}

/// The same with these fields beside its own.
client_request request_by(client_api api, std::string_view more = "{}") {
  auto fields = json_object::parse(request_of(api));
  fields.update(json_object::parse(more));
  return {api, std::move(fields)};
}

constexpr std::array client_apis{client_api::openai, client_api::anthropic};

model model_at(provider_kind kind) {
  upstream at;
  at.kind = kind;
  at.provider = "some";
  at.base_url = "http://127.0.0.1:9/v1";
  at.api_key = key;
  at.headers = {{"X-Title", "Parley"}};
  model target;
  target.id = "ours";
  target.upstream_name = "their-name";
  target.at = std::make_shared<const upstream>(at);
  return target;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Calls `check(kind, dialect)` for each line of the list.
template <class Check>
void for_each_dialect(Check check) {
  for (auto kind : provider_kinds) {
    CAF_MESSAGE("dialect " << std::string{name(kind)});
    check(kind, dialect_of(kind));
  }
}

void check_request(const upstream_request& request) {
  CAF_CHECK(request.path.starts_with("/"));
  CAF_CHECK(json_object::accept(request.body));
  CAF_CHECK(has(request.body, "their-name"));
  CAF_CHECK(has(request.body, "Be brief."));
  CAF_CHECK(has(request.body, "Who?"));
  std::string headers;
  for (auto& [field, value] : request.headers)
    headers += field + ": " + value + "\n";
  CAF_CHECK(has(headers, key));
  CAF_CHECK(has(headers, "X-Title: Parley\n"));
  CAF_CHECK(!has(request.path + request.body, key));
}

} // namespace

CAF_TEST(a kind has one name) {
  for (auto kind : provider_kinds)
    CAF_CHECK(parse_provider_kind(name(kind)) == kind);
  CAF_CHECK(!parse_provider_kind(""));
  CAF_CHECK(!parse_provider_kind("OpenAI"));
}

CAF_TEST(a prompt is asked with its texts and with the key in a header alone) {
  for_each_dialect([](provider_kind kind, const dialect& format) {
    prompt asked{"Be brief.", {{message_role::user, "Hi"}, {message_role::assistant, "Hello"}, {message_role::user, "Who?"}}, {}};
    asked.parameters = {0.7, 0.95, 300, {"END"}};
    auto request = format.encode(model_at(kind), asked);
    CAF_REQUIRE(request.has_value());
    check_request(*request);
    for (auto said : {"Hello", "0.7", "0.95", "300", "END"})
      CAF_CHECK(has(request->body, said));
  });
}

CAF_TEST(what clients of each API ask is asked with its schemas in order) {
  for_each_dialect([](provider_kind kind, const dialect& format) {
    for (auto api : client_apis) {
      auto what = request_by(api);
      CAF_CHECK(format.can_be_asked(what).has_value());
      auto request = format.encode(model_at(kind), what);
      CAF_REQUIRE(request.has_value());
      check_request(*request);
      CAF_CHECK(has(request->body, R"({"type":"object","properties":{"z":{},"a":{}}})"));
    }
  });
}

CAF_TEST(a field that nobody knows goes up as it came or is refused by its name) {
  auto passed_on = 0;
  for_each_dialect([&](provider_kind kind, const dialect& format) {
    for (auto api : client_apis) {
      auto what = request_by(api, R"({"something_new":{"z":[1,null],"a":2}})");
      auto request = format.encode(model_at(kind), what);
      auto can = format.can_be_asked(what);
      CAF_CHECK_EQUAL(can.has_value(), request.has_value());
      if (request) {
        ++passed_on;
        CAF_CHECK(has(request->body, R"("something_new":{"z":[1,null],"a":2})"));
      } else {
        CAF_CHECK_EQUAL(request.error().param, "something_new");
        CAF_CHECK_EQUAL(can.error().param, "something_new");
      }
    }
  });
  CAF_CHECK_EQUAL(passed_on, 3); // Chat Completions at openai and demo, Messages at anthropic
}

CAF_TEST(an answer is read the same however it is cut) {
  for_each_dialect([](provider_kind kind, const dialect&) {
    std::string text;
    auto events = decoded(kind, answer_of(kind));
    for (auto& event : events)
      if (event.starts_with("text "))
        text += event.substr(5);
    CAF_CHECK_EQUAL(text, "Hello, world");
    CAF_CHECK_EQUAL(events.back(), "finished stop");
    CAF_CHECK(std::find(events.begin(), events.end(), "usage 9 2") != events.end());
  });
}

CAF_TEST(an answer that breaks off has failed) {
  for_each_dialect([](provider_kind kind, const dialect&) {
    auto body = answer_of(kind);
    body.resize(body.find(", world"));
    auto events = decode(kind, {body}).events();
    CAF_REQUIRE(!events.empty());
    CAF_CHECK(events.back().starts_with("failed upstream_truncated"));
  });
}

CAF_TEST(a status decides what a failure is) {
  for_each_dialect([](provider_kind, const dialect& format) {
    auto code = [&](int status) { return std::string{name(format.explain(status, "", key).code)}; };
    for (auto status : {500, 502, 503, 504, 529})
      CAF_CHECK_EQUAL(code(status), "upstream_overloaded");
    for (auto status : {301, 400, 401, 402, 403, 404, 413, 422})
      CAF_CHECK_EQUAL(code(status), "upstream_rejected");
    CAF_CHECK_EQUAL(code(429), "upstream_rate_limited");
  });
}

CAF_TEST(a secret is never quoted) {
  for_each_dialect([](provider_kind, const dialect& format) {
    for (auto status : {302, 400, 401, 403, 404, 422, 429, 500, 503, 529})
      for (auto body :
           {R"({"error":{"message":"Bad key hunter2, or sk-proj-abc123def456."}})", R"({"message":"Bad key hunter2."})",
            R"({"error":"hunter2 sk-proj-abc123def456"})", "hunter2", "<p>hunter2 sk-proj-abc123def456</p>"}) {
        auto told = format.explain(status, body, key);
        CAF_CHECK(!told.message.empty());
        CAF_CHECK(!has(told.message, key));
        CAF_CHECK(!has(told.message, "sk-proj"));
      }
  });
}
