// OpenAI's chunks: what a client of OpenAI's API reads of a run without a session.

#define CAF_SUITE wire.streams.openai_stream

#include "tests/wire/streams/written.hpp"

#include <caf/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <memory>

using namespace parley;
using namespace parley::wire;
using nlohmann::json;

namespace {

// 2024-07-01T00:00:00Z, in a UUIDv7.
const auto run = *parse_id<run_id>("01906b6b-8800-7d5a-9f3e-000000000001");

event_place first_of_part(std::uint16_t part, participant who = 0) {
  event_place at;
  at.run = run;
  at.offset = 1;
  at.who = who;
  at.model = "m1";
  at.part = part;
  at.opens = true;
  return at;
}

event_place within(std::uint16_t part, participant who = 0) {
  auto at = first_of_part(part, who);
  at.opens = false;
  return at;
}

/// The JSON of a stream's only event.
json only(const std::string& bytes) {
  CAF_REQUIRE(bytes.starts_with("data: ") && bytes.ends_with("\n\n"));
  auto text = bytes.substr(6, bytes.size() - 8);
  CAF_REQUIRE(text.find('\n') == std::string::npos);
  return json::parse(text);
}

json event(const event_place& at, const answer_event& what, const stream_encoder& format = openai_stream()) {
  return only(test::written(format, at, what));
}

json delta(const event_place& at, event_kind kind, std::string content, const stream_encoder& format = openai_stream()) {
  return event(at, answer_delta{kind, std::move(content)}, format);
}

/// Of a chunk's only choice, by value: what a check compares outlives the chunk.
json in_choice(const json& chunk, const char* field) {
  CAF_REQUIRE_EQUAL(chunk.at("choices").size(), 1u);
  return chunk["choices"][0].at(field);
}

json role_in(const json& chunk) {
  return in_choice(chunk, "delta").value("role", json{});
}

answer_finish last_finish(finish_reason reason, bool failed) {
  answer_finish finish;
  finish.reason = reason;
  if (!is_success(reason))
    finish.error = answer_error{ec::upstream_truncated, "It broke off."};
  finish.run = std::make_shared<const run_outcome>(run_outcome{token_usage{9, 5, true}, failed});
  return finish;
}

} // namespace

CAF_TEST(a text is a chunk of its choice) {
  CAF_CHECK_EQUAL(delta(within(0, 1), event_kind::text, "say \"hi\""), json::parse(R"({
    "id": "chatcmpl-01906b6b88007d5a9f3e000000000001", "object": "chat.completion.chunk", "created": 1719789127,
    "model": "m1", "system_fingerprint": null,
    "choices": [{"index": 1, "delta": {"content": "say \"hi\""}, "logprobs": null, "finish_reason": null}]})"));
}

CAF_TEST(the first delta of an answer and no other says whose it is) {
  CAF_CHECK_EQUAL(role_in(delta(first_of_part(0), event_kind::text, "x")), "assistant");
  CAF_CHECK_EQUAL(role_in(delta(first_of_part(0), event_kind::reasoning, "x")), "assistant");
  CAF_CHECK_EQUAL(role_in(event(first_of_part(0), tool_call_begin{"c", "f"})), "assistant");
  CAF_CHECK(!role_in(delta(first_of_part(1), event_kind::text, "x")).is_string());
  CAF_CHECK(!role_in(delta(within(0), event_kind::text, "x")).is_string());
  // An empty answer has no delta but that of its finish.
  CAF_CHECK_EQUAL(in_choice(event(within(0), answer_finish{}), "delta"), json::parse(R"({"role":"assistant","content":""})"));
  CAF_CHECK_EQUAL(in_choice(event(within(2), answer_finish{}), "delta"), json::object());
}

CAF_TEST(reasoning has its own field) {
  CAF_CHECK_EQUAL(in_choice(delta(within(0), event_kind::reasoning, "hm"), "delta"),
                  json::parse(R"({"reasoning_content":"hm"})"));
}

CAF_TEST(a tool call begins with its name and grows by its index) {
  CAF_CHECK_EQUAL(in_choice(event(first_of_part(1), tool_call_begin{"c2", "f", 1}), "delta"), json::parse(R"({"tool_calls":
    [{"index":1,"id":"c2","type":"function","function":{"name":"f","arguments":""}}]})"));
  CAF_CHECK_EQUAL(in_choice(event(within(1), tool_call_delta{"c2", "{\"a\"", 1}), "delta"),
                  json::parse(R"({"tool_calls":[{"index":1,"function":{"arguments":"{\"a\""}}]})"));
  std::string out;
  test::write(out, openai_stream(), within(1), tool_call{"c2", "f", "{}"});
  CAF_CHECK_EQUAL(out, "");
}

CAF_TEST(finish reasons have their names at OpenAI) {
  auto finish_of = [](finish_reason reason) {
    answer_finish finish;
    finish.reason = reason;
    return in_choice(event(within(1), finish), "finish_reason").get<std::string>();
  };
  CAF_CHECK_EQUAL(finish_of(finish_reason::stop), "stop");
  CAF_CHECK_EQUAL(finish_of(finish_reason::length), "length");
  CAF_CHECK_EQUAL(finish_of(finish_reason::content_filter), "content_filter");
  CAF_CHECK_EQUAL(finish_of(finish_reason::tool_calls), "tool_calls");
  CAF_CHECK_EQUAL(finish_of(finish_reason::error), "error");
}

CAF_TEST(a failed choice beside others carries its error) {
  answer_finish finish;
  finish.reason = finish_reason::error;
  finish.error = answer_error{ec::upstream_timeout, "Too slow."};
  auto chunk = event(within(1), finish);
  CAF_CHECK(!chunk.contains("error"));
  CAF_CHECK_EQUAL(chunk["choices"][0]["error"],
                  json::parse(R"({"message":"Too slow.","type":"server_error","param":null,"code":"upstream_timeout"})"));
}

CAF_TEST(where no choice succeeds the stream ends with an error alone) {
  auto error = event(within(1), last_finish(finish_reason::error, true));
  CAF_CHECK_EQUAL(error, json::parse(R"({"error":{"message":"It broke off.","type":"server_error","param":null,
    "code":"upstream_truncated"}})"));
  std::string out;
  openai_stream().end(out, true);
  CAF_CHECK_EQUAL(out, "");
  openai_stream().end(out, false);
  CAF_CHECK_EQUAL(out, "data: [DONE]\n\n");
}

CAF_TEST(the usage comes once at the end if it was asked for) {
  CAF_CHECK(delta(within(0), event_kind::text, "x", openai_usage_stream())["usage"].is_null());
  CAF_CHECK(!delta(within(0), event_kind::text, "x").contains("usage"));
  std::string out;
  test::write(out, openai_usage_stream(), within(1), last_finish(finish_reason::stop, false));
  auto begin = out.find("data: ", 1);
  CAF_REQUIRE(begin != std::string::npos);
  auto usage = only(out.substr(begin));
  CAF_CHECK_EQUAL(usage["choices"], json::array());
  CAF_CHECK_EQUAL(usage["usage"], json::parse(R"({"prompt_tokens":9,"completion_tokens":5,"total_tokens":14})"));
  CAF_CHECK_EQUAL(event(within(1), last_finish(finish_reason::stop, false))["choices"].size(), 1u);
}

CAF_TEST(silence is a comment) {
  std::string out;
  openai_stream().heartbeat(out, 0);
  CAF_CHECK_EQUAL(out, ": keep-alive\n\n");
  CAF_CHECK_EQUAL(openai_stream().content_type(), "text/event-stream; charset=utf-8");
}
