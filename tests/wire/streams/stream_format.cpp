// One contract for all stream formats: each event is written in each format, exactly as `docs/protocol.md` has it.

#define CAF_SUITE wire.streams.stream_format

#include "wire/streams/stream_format.hpp"
#include "wire/objects/cursor.hpp"

#include <algorithm>
#include <caf/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace parley;
using namespace parley::wire;

namespace {

const auto run = *parse_id<run_id>("0190b6f0-7c1e-7d5a-9f3e-0123456789ab");
const auto answer_id = *parse_id<message_id>("0190b6f0-7c1e-7d5a-9f3e-00000000000a");

constexpr stream_format all_formats[] = {stream_format::lines, stream_format::sse, stream_format::simple};

std::string written(stream_format format, const answer_event& event, participant who = 1, std::uint64_t offset = 7) {
  std::string out = "|"; // what is there stays
  append_event(out, format, {run, offset, who, answer_id, 2, {}}, event);
  return out.substr(1);
}

/// The `data:` of one SSE event with the usual id.
std::string sse(const std::string& data) {
  return "id: 0190b6f0-7c1e-7d5a-9f3e-0123456789ab:7\ndata: " + data + "\n\n";
}

/// An event as it is in each format.
void check(const answer_event& event, const std::string& line, const std::string& sse_data, const std::string& simple) {
  CAF_CHECK_EQUAL(written(stream_format::lines, event), line);
  CAF_CHECK_EQUAL(written(stream_format::sse, event), sse(sse_data));
  CAF_CHECK_EQUAL(written(stream_format::simple, event), simple);
}

answer_finish finish(finish_reason reason) {
  return {reason, answer_id, std::nullopt, std::nullopt, true};
}

const std::string id_field = R"("messageId":"0190b6f0-7c1e-7d5a-9f3e-00000000000a")";

/// The JSON within a line, an SSE event or an event of `stream-simple`.
nlohmann::json json_of(stream_format format, const std::string& text) {
  auto from = format == stream_format::lines ? text.find(':') + 1 : text.find("data: ") + 6;
  return nlohmann::json::parse(text.substr(from));
}

/// A field of it; null if it has none. By value: a check keeps references.
nlohmann::json field(const nlohmann::json& object, const std::string& name) {
  return object.value(name, nlohmann::json{});
}

std::string chosen(std::string_view accept) {
  auto format = choose_format(accept);
  auto name = format == stream_format::ui_message ? "ui messages for " : format == stream_format::sse ? "sse for " : "lines for ";
  return name + std::string{accept};
}

} // namespace

CAF_TEST(each format says its content type) {
  CAF_CHECK_EQUAL(content_type(stream_format::lines), "text/plain; charset=utf-8");
  CAF_CHECK_EQUAL(content_type(stream_format::sse), "text/event-stream; charset=utf-8");
  CAF_CHECK_EQUAL(content_type(stream_format::simple), "text/event-stream; charset=utf-8");
  CAF_CHECK_EQUAL(content_type(stream_format::ui_message), "text/event-stream; charset=utf-8");
}

CAF_TEST(text is written in all formats) {
  check(answer_delta{event_kind::text, "Hello"}, "b0:{\"content\":\"Hello\"}\n",
        R"({"participant":"b","type":"text","content":"Hello"})", "data: {\"content\":\"Hello\"}\n\n");
}

CAF_TEST(reasoning is written but in the simple format) {
  check(answer_delta{event_kind::reasoning, "Hm"}, "bg:{\"content\":\"Hm\"}\n",
        R"({"participant":"b","type":"reasoning","content":"Hm"})", "");
}

CAF_TEST(a delta written directly is the same as the event) {
  for (auto format : all_formats)
    for (auto kind : {event_kind::text, event_kind::reasoning}) {
      std::string out;
      append_delta(out, format, {run, 7, 1, answer_id, 2, {}}, kind, "Hello");
      CAF_CHECK_EQUAL(out, written(format, answer_delta{kind, "Hello"}));
    }
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
  auto line = written(stream_format::lines, tool_call{"c1", "look", "{\"a\": "});
  CAF_CHECK_EQUAL(line, "b9:{\"toolCallId\":\"c1\",\"toolName\":\"look\",\"args\":\"{\\\"a\\\": \"}\n");
}

CAF_TEST(absent arguments are an empty object) {
  auto line = written(stream_format::lines, tool_call{"c1", "look", ""});
  CAF_CHECK_EQUAL(line, "b9:{\"toolCallId\":\"c1\",\"toolName\":\"look\",\"args\":{}}\n");
}

CAF_TEST(arguments over several lines are written on one) {
  for (auto format : {stream_format::lines, stream_format::sse}) {
    auto text = written(format, tool_call{"c1", "look", "{\r\n \"a\": \"x\\ny\"\n}"});
    CAF_CHECK_EQUAL(field(json_of(format, text), "args"), nlohmann::json({{"a", "x\ny"}}));
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
  CAF_CHECK_EQUAL(field(field(json_of(stream_format::lines, written(stream_format::lines, done)), "usage"), "source"),
                  "estimated");
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
    for (auto format : {stream_format::lines, stream_format::sse})
      CAF_CHECK_EQUAL(field(json_of(format, written(format, finish(reason))), "finishReason"), text);
}

CAF_TEST(a failed finish says why) {
  auto failed = finish(finish_reason::error);
  failed.error = answer_error{ec::upstream_timeout, "Too \"slow\"."};
  auto fields = R"("finishReason":"error",)" + id_field + R"(,"usage":null,"error":"Too \"slow\".","code":"upstream_timeout")";
  check(failed, "bd:{" + fields + "}\n", R"({"participant":"b","type":"finish",)" + fields + "}",
        "data: {\"error\":\"Too \\\"slow\\\".\"}\n\n");
}

CAF_TEST(a finish without an error of its own has its reason for one in the simple format) {
  CAF_CHECK_EQUAL(written(stream_format::simple, finish(finish_reason::cancelled)), "data: {\"error\":\"cancelled\"}\n\n");
  CAF_CHECK_EQUAL(written(stream_format::simple, finish(finish_reason::length)), "");
}

CAF_TEST(only an answer that is not stored says so) {
  auto spooled = finish(finish_reason::stop);
  CAF_CHECK(!json_of(stream_format::lines, written(stream_format::lines, spooled)).contains("stored"));
  spooled.stored = false;
  for (auto format : {stream_format::lines, stream_format::sse})
    CAF_CHECK_EQUAL(field(json_of(format, written(format, spooled)), "stored"), false);
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
    for (auto format : all_formats) {
      auto out = written(format, answer_delta{event_kind::text, text});
      CAF_CHECK_EQUAL(field(json_of(format, out), "content"), text);
      // One event stays one: no line break but its own.
      auto breaks = std::count(out.begin(), out.end(), '\n');
      CAF_CHECK_EQUAL(breaks, format == stream_format::lines ? 1 : format == stream_format::sse ? 3 : 2);
      CAF_CHECK(out.find('\r') == std::string::npos);
    }
}

CAF_TEST(every field of a tool call is escaped) {
  for (auto format : {stream_format::lines, stream_format::sse}) {
    auto begun = json_of(format, written(format, tool_call_begin{"\"id\n", "na\"me"}));
    CAF_CHECK_EQUAL(field(begun, "toolCallId"), "\"id\n");
    CAF_CHECK_EQUAL(field(begun, "toolName"), "na\"me");
    auto grown = json_of(format, written(format, tool_call_delta{"\"id\n", "\n\""}));
    CAF_CHECK_EQUAL(field(grown, "toolCallId"), "\"id\n");
    CAF_CHECK_EQUAL(field(grown, "argsTextDelta"), "\n\"");
    auto whole = json_of(format, written(format, tool_call{"\"id\n", "na\"me", "no\n\"JSON"}));
    CAF_CHECK_EQUAL(field(whole, "args"), "no\n\"JSON");
  }
}

CAF_TEST(each participant has its letter) {
  for (participant who = 0; who < max_participants; ++who) {
    std::string expected(1, static_cast<char>('a' + who));
    CAF_CHECK_EQUAL(written(stream_format::lines, answer_delta{event_kind::text, "x"}, who).substr(0, 1), expected);
    auto data = json_of(stream_format::sse, written(stream_format::sse, answer_restart{}, who));
    CAF_CHECK_EQUAL(field(data, "participant"), expected);
  }
}

CAF_TEST(a heartbeat is no event of the log) {
  std::string out;
  append_heartbeat(out, stream_format::lines, 2);
  CAF_CHECK_EQUAL(out, "c2:[{\"type\":\"heartbeat\"}]\n");
  for (auto format : {stream_format::sse, stream_format::simple, stream_format::ui_message}) {
    out.clear();
    append_heartbeat(out, format, 2);
    CAF_CHECK_EQUAL(out, ": keep-alive\n\n");
  }
}

CAF_TEST(the end of a run is said in the way of each format) {
  for (bool failed : {false, true}) {
    std::string lines;
    append_end(lines, stream_format::lines, failed);
    CAF_CHECK_EQUAL(lines, "");
    std::string events;
    append_end(events, stream_format::sse, failed);
    CAF_CHECK_EQUAL(events, "data: {\"type\":\"turn_done\"}\n\n");
    std::string simple;
    append_end(simple, stream_format::simple, failed);
    CAF_CHECK_EQUAL(simple, failed ? "" : "data: {\"done\":true}\n\n");
  }
}

CAF_TEST(the format goes by what is accepted) {
  for (auto accept : {"text/event-stream", "text/event-stream, */*", "application/json, text/event-stream",
                      "text/event-stream;q=0.9, */*;q=0.1", "text/event-stream; charset=utf-8", "  text/event-stream  ",
                      "text/plain;q=0.5,text/event-stream;q=0.5", "*/*;q=0.8,\ttext/event-stream", "text/event-stream;q=1.000",
                      "Text/Event-Stream", "text/event-stream;Q=0.9,*/*;q=0.8"})
    CAF_CHECK_EQUAL(chosen(accept), "sse for " + std::string{accept});
  for (auto accept : {"", "*/*", "text/plain", "text/*", "application/json", "text/event-stream;q=0", "text/event-stream;q=0.000",
                      "text/event-stream;q=0.1, */*", "text/plain, text/event-stream;q=0.9", "text/event-streams",
                      "x-text/event-stream", ",", ";;;q=,", "text/event-stream;Q=0.1,*/*"})
    CAF_CHECK_EQUAL(chosen(accept), "lines for " + std::string{accept});
  for (auto accept : {"text/event-stream; format=ui-message", "text/event-stream;format=ui-message, */*",
                      "Text/Event-Stream; Format=UI-Message", "text/event-stream;q=0.9, text/event-stream;format=ui-message",
                      "text/event-stream;format=ui-message;q=0.5, text/plain;q=0.4"})
    CAF_CHECK_EQUAL(chosen(accept), "ui messages for " + std::string{accept});
  CAF_CHECK_EQUAL(chosen("text/event-stream;format=ui-message;q=0.5, text/event-stream"),
                  "sse for text/event-stream;format=ui-message;q=0.5, text/event-stream");
  CAF_CHECK_EQUAL(chosen("text/event-stream;format=ui-message;q=0.5, text/plain"),
                  "lines for text/event-stream;format=ui-message;q=0.5, text/plain");
  CAF_CHECK_EQUAL(chosen("text/plain;format=ui-message"), "lines for text/plain;format=ui-message");
}

CAF_TEST(a cursor is read as it was written) {
  for (std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{10}, std::uint64_t{9'999'999'999'999'999'999u}}) {
    auto text = to_cursor(run, offset);
    auto read = parse_cursor(text);
    CAF_REQUIRE(read.has_value());
    CAF_CHECK(read->run == run);
    CAF_CHECK_EQUAL(read->offset, offset);
  }
  CAF_CHECK_EQUAL(to_cursor(run, 12), "0190b6f0-7c1e-7d5a-9f3e-0123456789ab:12");
}

CAF_TEST(what is no cursor is refused) {
  const std::string id = "0190b6f0-7c1e-7d5a-9f3e-0123456789ab";
  for (auto& text : {std::string{}, id, id + ":", id + ":-1", id + ":+1", id + ": 1", id + ":1 ", id + ":01", id + ":1x",
                     id + "-1", id + ":99999999999999999999", id.substr(1) + ":12", "{" + id + "}:1",
                     std::string{"00000000-0000-0000-0000-000000000000:1"}, std::string{"12"}, ":" + id})
    CAF_CHECK_EQUAL(parse_cursor(text) ? text : "", "");
}
