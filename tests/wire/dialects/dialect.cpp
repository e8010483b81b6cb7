#define CAF_SUITE wire.dialects.dialect

#include "wire/dialects/dialect.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <caf/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace parley;
using namespace parley::wire;
using namespace std::string_literals;
using nlohmann::json;

namespace {

model model_at(provider_kind kind, std::string base_url = "http://127.0.0.1:9/v1") {
  upstream at;
  at.kind = kind;
  at.provider = "some";
  at.base_url = std::move(base_url);
  at.api_key = "sk-very-secret-key-1234567890";
  at.headers = {{"X-Title", "Parley"}};
  model target;
  target.id = "ours";
  target.upstream_name = "their-name";
  target.at = std::make_shared<const upstream>(at);
  return target;
}

upstream_request encode_request(const model& target, const prompt& what) {
  auto request = dialect_of(target).encode(target, what);
  CAF_REQUIRE(request.has_value());
  return *request;
}

failure explain_status(int status, std::string_view body, std::string_view secret) {
  return dialect_of(provider_kind::openai).explain(status, body, secret);
}

prompt simple_prompt() {
  return {"Be brief.", {{message_role::user, "Hi"}, {message_role::assistant, "Hello"}, {message_role::user, "Who?"}}, {}};
}

std::string header(const upstream_request& request, std::string_view name) {
  std::string found;
  for (auto& [key, value] : request.headers)
    if (key == name)
      found += found.empty() ? value : " and " + value;
  return found;
}

json field(const upstream_request& request, const char* name) {
  return json::parse(request.body).at(name);
}

std::size_t count_chars(std::string_view text) {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

} // namespace

CAF_TEST(OpenAI is asked for a stream with its usage) {
  auto request = encode_request(model_at(provider_kind::openai), simple_prompt());
  CAF_CHECK_EQUAL(request.path, "/chat/completions");
  CAF_CHECK_EQUAL(header(request, "Authorization"), "Bearer sk-very-secret-key-1234567890");
  CAF_CHECK_EQUAL(header(request, "Content-Type"), "application/json");
  CAF_CHECK_EQUAL(header(request, "Accept"), "text/event-stream");
  CAF_CHECK_EQUAL(header(request, "X-Title"), "Parley");
  CAF_CHECK_EQUAL(json::parse(request.body), json::parse(R"({
    "model": "their-name", "stream": true, "stream_options": {"include_usage": true},
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
                 {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Who?"}]})"));
}

CAF_TEST(Anthropic is asked for a stream with its system prompt apart) {
  auto request = encode_request(model_at(provider_kind::anthropic), simple_prompt());
  CAF_CHECK_EQUAL(request.path, "/messages");
  CAF_CHECK_EQUAL(header(request, "x-api-key"), "sk-very-secret-key-1234567890");
  CAF_CHECK_EQUAL(header(request, "anthropic-version"), "2023-06-01");
  CAF_CHECK_EQUAL(header(request, "Authorization"), "");
  CAF_CHECK_EQUAL(header(request, "X-Title"), "Parley");
  CAF_CHECK_EQUAL(json::parse(request.body), json::parse(R"({
    "model": "their-name", "stream": true, "max_tokens": 4096, "system": "Be brief.",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                 {"role": "assistant", "content": [{"type": "text", "text": "Hello"}]},
                 {"role": "user", "content": [{"type": "text", "text": "Who?"}]}]})"));
}

CAF_TEST(parameters are written only where they are set) {
  auto asked = simple_prompt();
  asked.system.clear();
  asked.parameters = {0.7, 0.95, 300, {"END", "\n\n"}};
  auto openai = json::parse(encode_request(model_at(provider_kind::openai), asked).body);
  CAF_CHECK_EQUAL(openai["temperature"], 0.7);
  CAF_CHECK_EQUAL(openai["top_p"], 0.95);
  CAF_CHECK_EQUAL(openai["max_tokens"], 300);
  CAF_CHECK_EQUAL(openai["stop"], (json{"END", "\n\n"}));
  CAF_CHECK_EQUAL(openai["messages"][0]["role"], "user");
  auto anthropic = json::parse(encode_request(model_at(provider_kind::anthropic), asked).body);
  CAF_CHECK_EQUAL(anthropic["temperature"], 0.7);
  CAF_CHECK_EQUAL(anthropic["top_p"], 0.95);
  CAF_CHECK_EQUAL(anthropic["max_tokens"], 300);
  CAF_CHECK_EQUAL(anthropic["stop_sequences"], (json{"END", "\n\n"}));
  CAF_CHECK(!anthropic.contains("system"));
}

CAF_TEST(the limit of an answer is the sessions or else the models) {
  for (auto kind : {provider_kind::openai, provider_kind::anthropic}) {
    auto target = model_at(kind);
    target.max_tokens = 1000;
    auto asked = simple_prompt();
    CAF_CHECK_EQUAL(field(encode_request(target, asked), "max_tokens"), 1000);
    asked.parameters.max_tokens = 10;
    CAF_CHECK_EQUAL(field(encode_request(target, asked), "max_tokens"), 10);
  }
}

CAF_TEST(OpenAI itself gets the limit by its new name) {
  auto target = model_at(provider_kind::openai, "https://api.openai.com/v1");
  target.max_tokens = 1000;
  auto body = json::parse(encode_request(target, simple_prompt()).body);
  CAF_CHECK_EQUAL(body["max_completion_tokens"], 1000);
  CAF_CHECK(!body.contains("max_tokens"));
}

CAF_TEST(Anthropics temperature ends at one) {
  auto asked = simple_prompt();
  asked.parameters.temperature = 1.6;
  CAF_CHECK_EQUAL(field(encode_request(model_at(provider_kind::anthropic), asked), "temperature"), 1.0);
  CAF_CHECK_EQUAL(field(encode_request(model_at(provider_kind::openai), asked), "temperature"), 1.6);
}

CAF_TEST(a configured header replaces ours and an absent key is not sent) {
  auto target = model_at(provider_kind::openai);
  auto at = *target.at;
  at.headers = {{"authorization", "Basic abc"}, {"OpenAI-Organization", "org"}};
  target.at = std::make_shared<const upstream>(at);
  auto request = encode_request(target, simple_prompt());
  CAF_CHECK_EQUAL(header(request, "Authorization"), "");
  CAF_CHECK_EQUAL(header(request, "authorization"), "Basic abc");
  CAF_CHECK_EQUAL(header(request, "OpenAI-Organization"), "org");
  at.api_key.clear();
  at.headers.clear();
  for (auto kind : {provider_kind::openai, provider_kind::anthropic}) {
    at.kind = kind;
    target.at = std::make_shared<const upstream>(at);
    auto keyless = encode_request(target, simple_prompt());
    CAF_CHECK_EQUAL(header(keyless, "Authorization") + header(keyless, "x-api-key"), "");
  }
}

CAF_TEST(Anthropics messages take turns and begin with the users) {
  prompt asked;
  asked.system = " \n";
  asked.messages = {{message_role::assistant, "Welcome!"},
                    {message_role::user, "One"},
                    {message_role::user, "Two"},
                    {message_role::assistant, " "},
                    {message_role::user, "Three"}};
  auto body = json::parse(encode_request(model_at(provider_kind::anthropic), asked).body);
  CAF_CHECK(!body.contains("system"));
  CAF_CHECK_EQUAL(body["messages"], json::parse(R"([
    {"role": "user", "content": [{"type": "text", "text": "…"}]},
    {"role": "assistant", "content": [{"type": "text", "text": "Welcome!"}]},
    {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}, {"type": "text", "text": "Three"}]}])"));
}

CAF_TEST(a blank question goes up as the last message) {
  prompt asked;
  asked.messages = {{message_role::user, "Hi"}, {message_role::assistant, "Hello"}, {message_role::user, " "}};
  auto messages = field(encode_request(model_at(provider_kind::anthropic), asked), "messages");
  CAF_CHECK_EQUAL(messages.size(), 3U);
  CAF_CHECK_EQUAL(messages.back()["role"], "user");
}

CAF_TEST(texts arrive unaltered) {
  auto odd = "\"quotes\" \\ \n\t\x01 世界 👩‍👩‍👧 \x7f </script>"s;
  prompt asked{odd, {{message_role::user, odd}}, {}};
  auto openai = json::parse(encode_request(model_at(provider_kind::openai), asked).body);
  CAF_CHECK_EQUAL(openai["messages"][0]["content"], odd);
  CAF_CHECK_EQUAL(openai["messages"][1]["content"], odd);
  auto anthropic = json::parse(encode_request(model_at(provider_kind::anthropic), asked).body);
  CAF_CHECK_EQUAL(anthropic["system"], odd);
  CAF_CHECK_EQUAL(anthropic["messages"][0]["content"][0]["text"], odd);
}

CAF_TEST(the demo speaks the format of OpenAI) {
  CAF_CHECK_EQUAL(encode_request(model_at(provider_kind::demo), simple_prompt()).path, "/chat/completions");
}

CAF_TEST(a status decides the code) {
  auto code = [](int status) { return std::string{name(explain_status(status, "", "").code)}; };
  for (auto status : {500, 502, 503, 504, 529})
    CAF_CHECK_EQUAL(code(status), "upstream_overloaded");
  for (auto status : {301, 400, 401, 402, 403, 404, 408, 409, 413, 422})
    CAF_CHECK_EQUAL(code(status), "upstream_rejected");
  CAF_CHECK_EQUAL(code(429), "upstream_rate_limited");
}

CAF_TEST(the providers message is quoted from its known places) {
  auto sentence = [](std::string_view body) { return explain_status(400, body, "").message; };
  auto quoted = "The provider refused the request (status 400): Bad thing."s;
  CAF_CHECK_EQUAL(sentence(R"({"error":{"message":"Bad thing.","type":"invalid_request_error"}})"), quoted);
  CAF_CHECK_EQUAL(sentence(R"({"type":"error","error":{"type":"x","message":"Bad thing."},"request_id":"req_1"})"), quoted);
  CAF_CHECK_EQUAL(sentence(R"({"error":"Bad thing."})"), quoted);
  CAF_CHECK_EQUAL(sentence(R"({"object":"error","message":"Bad thing."})"), quoted);
  CAF_CHECK_EQUAL(sentence(R"({"detail":"Bad\n\n  thing."})"), quoted);
  CAF_CHECK_EQUAL(explain_status(429, R"({"error":{"message":"Slow down"}})", "").message,
                  "The provider limits the rate of requests (status 429): Slow down");
  CAF_CHECK_EQUAL(explain_status(529, R"({"error":{"message":"Overloaded"}})", "").message,
                  "The provider is in trouble (status 529): Overloaded");
}

CAF_TEST(a body without a message is not quoted) {
  for (auto body : {"", "<html><h1>502 Bad Gateway</h1></html>", "{}", "[]", R"({"error":{}})", R"({"error":5})",
                    R"({"secret":"x"})", R"({"error":{"message":["x"]}})", R"({"error":{"message":" "}})", "{\"error\":\"cut o"})
    CAF_CHECK_EQUAL(explain_status(400, body, "").message, "The provider refused the request (status 400).");
}

CAF_TEST(what is said about credentials is never quoted) {
  for (auto status : {401, 403}) {
    auto told = explain_status(status, R"({"error":{"message":"Incorrect API key provided: hunter2 of bob"}})", "hunter2");
    CAF_CHECK_EQUAL(told.message, "The provider refused the server's credentials (status " + std::to_string(status) + ").");
  }
}

CAF_TEST(secrets and addresses are taken out of a quote) {
  auto quote = [](std::string_view message) {
    auto told = explain_status(400, json{{"error", {{"message", message}}}}.dump(), "hunter2").message;
    return told.substr(told.find(": ") + 2);
  };
  CAF_CHECK_EQUAL(quote("key hunter2, \"hunter2\" (xhunter2y)"), "key […], \"[…]\" (x[…]y)");
  CAF_CHECK_EQUAL(quote("key sk-proj-abc123def456 is wrong."), "key […] is wrong.");
  CAF_CHECK_EQUAL(quote("key 'sk-ab****************wxyz'."), "key '[…]'.");
  CAF_CHECK_EQUAL(quote("api_key=sk-abcdefghijk&x=1"), "[…]");
  CAF_CHECK_EQUAL(quote("token 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c"), "token […]");
  CAF_CHECK_EQUAL(quote("see https://user:pw@inner.example/v1."), "see […].");
  CAF_CHECK_EQUAL(quote("dial tcp 10.1.2.3:8000: refused"), "dial tcp […]: refused");
  CAF_CHECK_EQUAL(quote("dial tcp [::1]:8000, gpu7:8000 and 10.1.2.3"), "dial tcp […], […] and […]");
}

CAF_TEST(ordinary words stay in a quote) {
  for (auto message :
       {"The model `claude-3-5-sonnet-20241022` does not exist.", "max_tokens: 200000 > 8192, the most for this model",
        "messages.0.content: Field required", "risk-free tasks at 12:30?", "ratio 16:9, version 1.2.3", "世界: no"}) {
    auto told = explain_status(400, json{{"message", message}}.dump(), "hunter2").message;
    CAF_CHECK_EQUAL(told, "The provider refused the request (status 400): "s + message);
  }
}

CAF_TEST(a quote has at most 300 characters of clean text) {
  for (auto& word : {"no "s, "世界 "s, "\xF0\x9F\x98 "s}) {
    std::string message;
    while (message.size() < 100'000)
      message += word;
    auto told = explain_status(400, R"({"message":")" + message + R"("})", "").message;
    CAF_CHECK(is_clean_text(told));
    auto quoted = told.substr(told.find(": ") + 2);
    CAF_CHECK(count_chars(quoted) <= 300 && count_chars(quoted) > 290);
    CAF_CHECK(quoted.ends_with("…"));
  }
}
