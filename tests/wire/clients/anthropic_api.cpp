// Anthropic's Messages as clients speak them: what is read of a request, what an upstream that speaks OpenAI is asked instead,
// and what such a client reads of a run.

#define CAF_SUITE wire.clients.anthropic_api

#include "tests/wire/streams/written.hpp"
#include "wire/clients/anthropic_request.hpp"
#include "wire/dialects/dialect.hpp"
#include "wire/objects/anthropic_object.hpp"

#include <array>
#include <caf/test/unit_test.hpp>
#include <optional>

using namespace parley;
using namespace parley::wire;

namespace {

const auto run = *parse_id<run_id>("01906b6b-8800-7d5a-9f3e-000000000001");

json_object parsed(std::string_view text) {
  return json_object::parse(text);
}

/// A good request with these fields instead of, or beside, its own.
json_object request(std::string_view more = "{}") {
  auto body = parsed(R"({"model":"m1","max_tokens":10,"messages":[{"role":"user","content":"Hi"}]})");
  body.update(parsed(more));
  return body;
}

/// The field that a request is refused for; empty if it isn't.
std::string wrong(std::string_view more) {
  auto read = read_anthropic_request(request(more));
  return read ? std::string{} : read.error().param;
}

/// What an upstream is asked that speaks OpenAI.
expected<json_object> to_openai(const json_object& fields) {
  return dialect_of(provider_kind::openai).write(anthropic_to_neutral(fields));
}

/// The same as text; the field that it can't be asked for.
std::string translated(std::string_view fields) {
  auto result = to_openai(parsed(fields));
  return result ? result->dump() : result.error().param;
}

std::string messages_of(std::string_view messages) {
  auto result = to_openai(parsed(R"({"messages":)" + std::string{messages} + "}"));
  return result ? (*result)["messages"].dump() : result.error().param;
}

/// `ends` if the part before ends there.
event_place place(std::uint32_t part, bool opens, std::optional<part_kind> ends = std::nullopt) {
  static std::array<ended_part, 1> ended;
  event_place at{run, 1, 0, {}, 1};
  at.model = "m1";
  at.part = part;
  at.opens = opens;
  if (ends) {
    ended = {{{part - 1, *ends}}};
    at.ends = ended;
  }
  return at;
}

std::string written(const event_place& at, const answer_event& event) {
  return test::written(anthropic_stream(), at, event);
}

} // namespace

CAF_TEST(a request keeps what is the upstreams business) {
  auto read =
    read_anthropic_request(request(R"({"stream":true,"system":[{"type":"text","text":"Brief."}],"top_k":3,"tools":null})"));
  CAF_REQUIRE(read.has_value());
  CAF_CHECK_EQUAL(read->model, "m1");
  CAF_CHECK(read->stream);
  CAF_CHECK_EQUAL(read->ask->fields.dump(), R"({"max_tokens":10,"messages":[{"role":"user","content":"Hi"}],)"
                                            R"("system":[{"type":"text","text":"Brief."}],"top_k":3})");
}

CAF_TEST(each wrong field of a request is named) {
  CAF_CHECK_EQUAL(wrong("{}"), "");
  CAF_CHECK_EQUAL(wrong(R"({"model":null})"), "model");
  CAF_CHECK_EQUAL(wrong(R"({"model":7})"), "model");
  CAF_CHECK_EQUAL(wrong(R"({"max_tokens":null})"), "max_tokens");
  CAF_CHECK_EQUAL(wrong(R"({"max_tokens":0})"), "max_tokens");
  CAF_CHECK_EQUAL(wrong(R"({"max_tokens":1.5})"), "max_tokens");
  CAF_CHECK_EQUAL(wrong(R"({"stream":1})"), "stream");
  CAF_CHECK_EQUAL(wrong(R"({"messages":null})"), "messages");
  CAF_CHECK_EQUAL(wrong(R"({"messages":[]})"), "messages");
  CAF_CHECK_EQUAL(wrong(R"({"messages":["Hi"]})"), "messages[0]");
  CAF_CHECK_EQUAL(wrong(R"({"messages":[{"role":"system","content":"x"}]})"), "messages[0].role");
  CAF_CHECK_EQUAL(wrong(R"({"messages":[{"role":"user"}]})"), "messages[0].content");
  CAF_CHECK_EQUAL(wrong(R"({"messages":[{"role":"user","content":7}]})"), "messages[0].content");
  CAF_CHECK_EQUAL(wrong(R"({"messages":[{"role":"user","content":["x"]}]})"), "messages[0].content[0]");
  CAF_CHECK_EQUAL(wrong(R"({"messages":[{"role":"user","content":[{"text":"x"}]}]})"), "messages[0].content[0].type");
  CAF_CHECK_EQUAL(wrong(R"({"system":7})"), "system");
  CAF_CHECK_EQUAL(wrong(R"({"tools":{}})"), "tools");
}

CAF_TEST(reasoning without a signature does not go back) {
  auto read = read_anthropic_request(request(R"({"messages":[{"role":"assistant","content":[
    {"type":"thinking","thinking":"ours","signature":""},{"type":"thinking","thinking":"theirs","signature":"s"},
    {"type":"text","text":"x"}]}]})"));
  CAF_REQUIRE(read.has_value());
  CAF_CHECK_EQUAL(read->ask->fields["messages"][0]["content"].dump(),
                  R"([{"type":"thinking","thinking":"theirs","signature":"s"},{"type":"text","text":"x"}])");
}

CAF_TEST(parameters have their names at OpenAI) {
  CAF_CHECK_EQUAL(
    translated(R"({"max_tokens":9,"messages":[],"stop_sequences":["a"],"temperature":0.5,"top_p":0.9,
                                 "metadata":{"user_id":"u"},"service_tier":"auto","thinking":{"type":"enabled","budget_tokens":5000}})"),
    R"({"messages":[],"max_tokens":9,"stop":["a"],"temperature":0.5,"top_p":0.9,"user":"u","reasoning_effort":"medium"})");
  CAF_CHECK_EQUAL(translated(R"({"messages":[],"thinking":{"type":"disabled"}})"), R"({"messages":[]})");
}

CAF_TEST(what OpenAI has no word for is named) {
  CAF_CHECK_EQUAL(translated(R"({"messages":[],"top_k":5})"), "top_k");
  CAF_CHECK_EQUAL(translated(R"({"messages":[],"mcp_servers":[]})"), "mcp_servers");
  CAF_CHECK_EQUAL(translated(R"({"messages":[],"tools":[{"type":"web_search_20250305","name":"web_search"}]})"), "tools[0].type");
  CAF_CHECK_EQUAL(messages_of(R"([{"role":"user","content":[{"type":"search_result"}]}])"), "messages[0].content[0].type");
  CAF_CHECK_EQUAL(messages_of(R"([{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}])"),
                  "messages[0].content[0].source.type");
  CAF_CHECK_EQUAL(
    messages_of(R"([{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[{"type":"image"}]}]}])"),
    "messages[0].content[0].content[0].type");
}

CAF_TEST(the system prompt is the first message) {
  CAF_CHECK_EQUAL(translated(R"({"messages":[{"role":"user","content":"Hi"}],
                                 "system":[{"type":"text","text":"A"},{"type":"text","text":"B","cache_control":{}}]})"),
                  R"({"messages":[{"role":"system","content":"A\nB"},{"role":"user","content":"Hi"}]})");
}

CAF_TEST(images and files become parts) {
  CAF_CHECK_EQUAL(messages_of(R"([{"role":"user","content":[{"type":"text","text":"See"},
      {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}},
      {"type":"image","source":{"type":"url","url":"https://x/y.png"}},
      {"type":"document","title":"d","source":{"type":"base64","media_type":"application/pdf","data":"BB=="}}]}])"),
                  R"([{"role":"user","content":[{"type":"text","text":"See"},)"
                  R"({"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},)"
                  R"({"type":"image_url","image_url":{"url":"https://x/y.png"}},)"
                  R"({"type":"file","file":{"filename":"d","file_data":"data:application/pdf;base64,BB=="}}]}])");
}

CAF_TEST(calls of tools and their results are messages of their own) {
  CAF_CHECK_EQUAL(messages_of(R"([{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},
      {"type":"text","text":"Let me see."},{"type":"tool_use","id":"c1","name":"look","input":{"b":1,"a":2}}]},
      {"role":"user","content":[{"type":"text","text":"And?"},{"type":"tool_result","tool_use_id":"c1","content":"rain"}]}])"),
                  R"([{"role":"assistant","content":"Let me see.","tool_calls":[{"id":"c1","type":"function",)"
                  R"("function":{"name":"look","arguments":"{\"b\":1,\"a\":2}"}}]},)"
                  R"({"role":"tool","tool_call_id":"c1","content":"rain"},{"role":"user","content":"And?"}])");
}

CAF_TEST(tools and their choice are told in the other words) {
  auto tools = std::string{R"("tools":[{"name":"look","description":"d","input_schema":{"type":"object"}}],"messages":[])"};
  auto choice = [&](const std::string& wanted) {
    auto result = to_openai(parsed("{" + tools + ",\"tool_choice\":" + wanted + "}"));
    return result ? (*result)["tool_choice"].dump() + " " + result->value("parallel_tool_calls", json_object{}).dump()
                  : result.error().param;
  };
  CAF_CHECK_EQUAL(translated("{" + tools + "}"),
                  R"({"messages":[],"tools":[{"type":"function","function":{"name":"look","description":"d",)"
                  R"("parameters":{"type":"object"}}}]})");
  CAF_CHECK_EQUAL(choice(R"({"type":"auto","disable_parallel_tool_use":true})"), "\"auto\" false");
  CAF_CHECK_EQUAL(choice(R"({"type":"any"})"), "\"required\" null");
  CAF_CHECK_EQUAL(choice(R"({"type":"tool","name":"look"})"), R"({"type":"function","function":{"name":"look"}} null)");
  CAF_CHECK_EQUAL(choice(R"({"type":"x"})"), "tool_choice.type");
}

CAF_TEST(a message begins with what is known of it) {
  std::string out;
  anthropic_stream().begin(out, place(0, false));
  CAF_CHECK_EQUAL(
    out, "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_01906b6b88007d5a9f3e000000000001\","
         "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m1\",\"content\":[],\"stop_reason\":null,"
         "\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,\"output_tokens\":0}}}\n\n");
}

CAF_TEST(a part is a block with its number) {
  CAF_CHECK_EQUAL(written(place(0, true), answer_delta{event_kind::reasoning, "Hm\n"}),
                  "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
                  "\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n"
                  "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
                  "\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm\\n\"}}\n\n");
  CAF_CHECK_EQUAL(written(place(1, true, part_kind::reasoning), answer_delta{event_kind::text, "Hi"}),
                  "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
                  "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,"
                  "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
                  "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,"
                  "\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n");
  CAF_CHECK_EQUAL(written(place(2, true, part_kind::text), tool_call_begin{"c\"1", "look", 0}),
                  "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
                  "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,"
                  "\"content_block\":{\"type\":\"tool_use\",\"id\":\"c\\\"1\",\"name\":\"look\",\"input\":{}}}\n\n");
  CAF_CHECK_EQUAL(written(place(2, false), tool_call_delta{"c1", "{\"a\"", 0}),
                  "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,"
                  "\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\"\"}}\n\n");
  CAF_CHECK_EQUAL(written(place(2, false), tool_call{"c1", "look", "{}"}), "");
}

CAF_TEST(a finish ends the last block and tells why and what it took) {
  answer_finish done{finish_reason::tool_calls, {}, token_usage{9, 5, true}, std::nullopt, true};
  CAF_CHECK_EQUAL(
    written(place(3, false, part_kind::tool_call), done),
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},"
    "\"usage\":{\"input_tokens\":9,\"output_tokens\":5}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
}

CAF_TEST(a failure is an error event) {
  answer_finish failed{finish_reason::error, {}, std::nullopt, answer_error{ec::upstream_overloaded, "Too \"busy\"."}, true};
  CAF_CHECK_EQUAL(
    written(place(0, false), failed),
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Too \\\"busy\\\".\"}}\n\n");
}

CAF_TEST(silence is filled with pings) {
  std::string out;
  anthropic_stream().heartbeat(out, 0);
  CAF_CHECK_EQUAL(out, "event: ping\ndata: {\"type\":\"ping\"}\n\n");
}

CAF_TEST(a whole message has its blocks in order) {
  message answer;
  answer.reasoning = "hm";
  answer.content = "Hi";
  answer.tool_calls = {{"c1", "look", "{\"b\":1,\"a\":2}"}, {"c2", "look", ""}, {"c3", "look", "{\"cut"}};
  answer.finish = finish_reason::length;
  auto whole = anthropic_message(run, "m1", answer);
  CAF_CHECK_EQUAL(whole["content"].dump(), R"([{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"Hi"},)"
                                           R"({"type":"tool_use","id":"c1","name":"look","input":{"b":1,"a":2}},)"
                                           R"({"type":"tool_use","id":"c2","name":"look","input":{}},)"
                                           R"({"type":"tool_use","id":"c3","name":"look","input":{"invalid":"{\"cut"}}])");
  CAF_CHECK_EQUAL(whole["stop_reason"].dump(), "\"max_tokens\"");
}
