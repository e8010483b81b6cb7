// Lines, Server-Sent Events and the simple format, exactly as `docs/protocol.md` has them.

#define CAF_SUITE wire.streams.event_fields

#include "wire/streams/event_fields.hpp"

#include "tests/wire/streams/written.hpp"

#include <algorithm>
#include <caf/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace parley;
using namespace parley::wire;

namespace {

const auto run = *parse_id<run_id>("0190b6f0-7c1e-7d5a-9f3e-0123456789ab");
const auto answer_id = *parse_id<message_id>("0190b6f0-7c1e-7d5a-9f3e-00000000000a");

const stream_encoder* const all_formats[] = {&lines_stream(), &sse_stream(), &simple_stream()};
const stream_encoder* const rich_formats[] = {&lines_stream(), &sse_stream()};

std::string written(const stream_encoder& format, const answer_event& event, participant who = 1, std::uint64_t offset = 7) {
  return test::written(format, {run, offset, who, answer_id, 2, {}}, event);
}

/// The `data:` of one SSE event with the usual id.
std::string sse(const std::string& data) {
  return "id: 0190b6f0-7c1e-7d5a-9f3e-0123456789ab:7\ndata: " + data + "\n\n";
}

/// An event as it is in each format.
void check(const answer_event& event, const std::string& line, const std::string& sse_data, const std::string& simple) {
  CAF_CHECK_EQUAL(written(lines_stream(), event), line);
  CAF_CHECK_EQUAL(written(sse_stream(), event), sse(sse_data));
  CAF_CHECK_EQUAL(written(simple_stream(), event), simple);
}

answer_finish finish(finish_reason reason) {
  return {reason, answer_id, std::nullopt, std::nullopt, true};
}

const std::string id_field = R"("messageId":"0190b6f0-7c1e-7d5a-9f3e-00000000000a")";

/// The JSON within a line, an SSE event or an event of `stream-simple`.
nlohmann::json json_of(const stream_encoder& format, const std::string& text) {
  auto from = &format == &lines_stream() ? text.find(':') + 1 : text.find("data: ") + 6;
  return nlohmann::json::parse(text.substr(from));
}

/// A field of it; null if it has none. By value: a check keeps references.
nlohmann::json field(const nlohmann::json& object, const std::string& name) {
  return object.value(name, nlohmann::json{});
}

} // namespace

CAF_TEST(each format says its content type) {
  CAF_CHECK_EQUAL(lines_stream().content_type(), "text/plain; charset=utf-8");
  CAF_CHECK_EQUAL(sse_stream().content_type(), "text/event-stream; charset=utf-8");
  CAF_CHECK_EQUAL(simple_stream().content_type(), "text/event-stream; charset=utf-8");
  CAF_CHECK_EQUAL(ui_message_stream().content_type(), "text/event-stream; charset=utf-8");
}

CAF_TEST(text is written in all formats) {
  check(answer_delta{event_kind::text, "Hello"}, "b0:{\"content\":\"Hello\"}\n",
        R"({"participant":"b","type":"text","content":"Hello"})", "data: {\"content\":\"Hello\"}\n\n");
}

CAF_TEST(reasoning is written but in the simple format) {
  check(answer_delta{event_kind::reasoning, "Hm"}, "bg:{\"content\":\"Hm\"}\n",
        R"({"participant":"b","type":"reasoning","content":"Hm"})", "");
}

CAF_TEST(tool calls are written but in the simple format) {
  check(tool_call_begin{"c1", "look"}, "bb:{\"toolCallId\":\"c1\",\"toolName\":\"look\"}\n",
        R"({"participant":"b","type":"tool_call_begin","toolCallId":"c1","toolName":"look"})", "");
  check(tool_call_delta{"c1", R"({"a")"}, "bc:{\"toolCallId\":\"c1\",\"argsTextDelta\":\"{\\\"a\\\"\"}\n",
        R"({"participant":"b","type":"tool_call_delta","toolCallId":"c1","argsTextDelta":"{\"a\""})", "");
  check(tool_call{"c1", "look", R"({"a": [1, 2]})"},
        "b9:{\"toolCallId\":\"c1\",\"toolName\":\"look\",\"args\":{\"a\": [1, 2]}}\n",
        R"({"participant":"b","type":"tool_call","toolCallId":"c1","toolName":"look","args":{"a": [1, 2]}})", "");
}

CAF_TEST(arguments that are no JSON are a string) {
  auto line = written(lines_stream(), tool_call{"c1", "look", "{\"a\": "});
  CAF_CHECK_EQUAL(line, "b9:{\"toolCallId\":\"c1\",\"toolName\":\"look\",\"args\":\"{\\\"a\\\": \"}\n");
}

CAF_TEST(absent arguments are an empty object) {
  auto line = written(lines_stream(), tool_call{"c1", "look", ""});
  CAF_CHECK_EQUAL(line, "b9:{\"toolCallId\":\"c1\",\"toolName\":\"look\",\"args\":{}}\n");
}

CAF_TEST(arguments over several lines are written on one) {
  for (auto* format : rich_formats) {
    auto text = written(*format, tool_call{"c1", "look", "{\r\n \"a\": \"x\\ny\"\n}"});
    CAF_CHECK_EQUAL(field(json_of(*format, text), "args"), nlohmann::json({{"a", "x\ny"}}));
    auto data = text.substr(text.find("{"));
    CAF_CHECK(data.find_first_of("\r\n") >= data.rfind('}'));
  }
}

CAF_TEST(a restart voids what came for its participant) {
  check(answer_restart{}, "b2:[{\"type\":\"restart\"}]\n", R"({"participant":"b","type":"restart"})", "");
}

CAF_TEST(a finish says its reason and message and usage) {
  auto done = finish(finish_reason::stop);
  check(done, R"(bd:{"finishReason":"stop",)" + id_field + ",\"usage\":null}\n",
        R"({"participant":"b","type":"finish","finishReason":"stop",)" + id_field + ",\"usage\":null}", "");
  done.usage = token_usage{9, 2, true};
  auto usage = std::string{R"("usage":{"promptTokens":9,"completionTokens":2,"source":"reported"})"};
  check(done, R"(bd:{"finishReason":"stop",)" + id_field + "," + usage + "}\n",
        R"({"participant":"b","type":"finish","finishReason":"stop",)" + id_field + "," + usage + "}", "");
  done.usage->reported = false;
  CAF_CHECK_EQUAL(field(field(json_of(lines_stream(), written(lines_stream(), done)), "usage"), "source"), "estimated");
}

CAF_TEST(every finish reason has its name) {
  const std::pair<finish_reason, std::string> reasons[] = {
    {finish_reason::stop, "stop"},
    {finish_reason::length, "length"},
    {finish_reason::content_filter, "content-filter"},
    {finish_reason::tool_calls, "tool-calls"},
    {finish_reason::cancelled, "cancelled"},
    {finish_reason::interrupted, "interrupted"},
    {finish_reason::error, "error"},
  };
  for (auto& [reason, text] : reasons)
    for (auto* format : rich_formats)
      CAF_CHECK_EQUAL(field(json_of(*format, written(*format, finish(reason))), "finishReason"), text);
}

CAF_TEST(a failed finish says why) {
  auto failed = finish(finish_reason::error);
  failed.error = answer_error{ec::upstream_timeout, "Too \"slow\"."};
  auto fields = R"("finishReason":"error",)" + id_field + R"(,"usage":null,"error":"Too \"slow\".","code":"upstream_timeout")";
  check(failed, "bd:{" + fields + "}\n", R"({"participant":"b","type":"finish",)" + fields + "}",
        "data: {\"error\":\"Too \\\"slow\\\".\"}\n\n");
}

CAF_TEST(a finish without an error of its own has its reason for one in the simple format) {
  CAF_CHECK_EQUAL(written(simple_stream(), finish(finish_reason::cancelled)), "data: {\"error\":\"cancelled\"}\n\n");
  CAF_CHECK_EQUAL(written(simple_stream(), finish(finish_reason::length)), "");
}

CAF_TEST(only an answer that is not stored says so) {
  auto spooled = finish(finish_reason::stop);
  CAF_CHECK(!json_of(lines_stream(), written(lines_stream(), spooled)).contains("stored"));
  spooled.stored = false;
  for (auto* format : rich_formats)
    CAF_CHECK_EQUAL(field(json_of(*format, written(*format, spooled)), "stored"), false);
}

CAF_TEST(text comes through every format unaltered) {
  const std::string texts[] = {
    "",
    "\"quoted\" and \\back\\slashed/",
    "line\nfeed\r\n\ttab",
    std::string{"\x01\x1f\x7f\b\f", 5},
    "data: x\n\nid: 1\nevent: y\n\n",
    "\u2028 and \u2029",
    "\U0001f600 e\u0301 \u4f60\u597d \uffff \U0010ffff",
    "</script>",
  };
  for (auto& text : texts)
    for (auto* format : all_formats) {
      auto out = written(*format, answer_delta{event_kind::text, text});
      CAF_CHECK_EQUAL(field(json_of(*format, out), "content"), text);
      // One event stays one: no line break but its own.
      auto breaks = std::count(out.begin(), out.end(), '\n');
      CAF_CHECK_EQUAL(breaks, format == &lines_stream() ? 1 : format == &sse_stream() ? 3 : 2);
      CAF_CHECK(out.find('\r') == std::string::npos);
    }
}

CAF_TEST(every field of a tool call is escaped) {
  for (auto* format : rich_formats) {
    auto begun = json_of(*format, written(*format, tool_call_begin{"\"id\n", "na\"me"}));
    CAF_CHECK_EQUAL(field(begun, "toolCallId"), "\"id\n");
    CAF_CHECK_EQUAL(field(begun, "toolName"), "na\"me");
    auto grown = json_of(*format, written(*format, tool_call_delta{"\"id\n", "\n\""}));
    CAF_CHECK_EQUAL(field(grown, "toolCallId"), "\"id\n");
    CAF_CHECK_EQUAL(field(grown, "argsTextDelta"), "\n\"");
    auto whole = json_of(*format, written(*format, tool_call{"\"id\n", "na\"me", "no\n\"JSON"}));
    CAF_CHECK_EQUAL(field(whole, "args"), "no\n\"JSON");
  }
}

CAF_TEST(each participant has its letter) {
  for (participant who = 0; who < max_participants; ++who) {
    std::string expected(1, static_cast<char>('a' + who));
    CAF_CHECK_EQUAL(written(lines_stream(), answer_delta{event_kind::text, "x"}, who).substr(0, 1), expected);
    auto data = json_of(sse_stream(), written(sse_stream(), answer_restart{}, who));
    CAF_CHECK_EQUAL(field(data, "participant"), expected);
  }
}

CAF_TEST(a heartbeat is no event of the log) {
  std::string out;
  lines_stream().heartbeat(out, 2);
  CAF_CHECK_EQUAL(out, "c2:[{\"type\":\"heartbeat\"}]\n");
  for (auto* format : {&sse_stream(), &simple_stream(), &ui_message_stream()}) {
    out.clear();
    format->heartbeat(out, 2);
    CAF_CHECK_EQUAL(out, ": keep-alive\n\n");
  }
}

CAF_TEST(the end of a run is said in the way of each format) {
  for (bool failed : {false, true}) {
    std::string lines;
    lines_stream().end(lines, failed);
    CAF_CHECK_EQUAL(lines, "");
    std::string events;
    sse_stream().end(events, failed);
    CAF_CHECK_EQUAL(events, "data: {\"type\":\"turn_done\"}\n\n");
    std::string simple;
    simple_stream().end(simple, failed);
    CAF_CHECK_EQUAL(simple, failed ? "" : "data: {\"done\":true}\n\n");
  }
}
