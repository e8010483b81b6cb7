#define CAF_SUITE wire.streams.ui_message

#include "tests/wire/streams/written.hpp"

#include <caf/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <vector>

using namespace parley;
using namespace parley::wire;

namespace {

const auto answer_id = *parse_id<message_id>("0190b6f0-7c1e-7d5a-9f3e-00000000000a");

answer_delta text(std::string content) {
  return {event_kind::text, std::move(content)};
}

answer_delta reasoning(std::string content) {
  return {event_kind::reasoning, std::move(content)};
}

/// What stands behind `data: ` in each event of the stream; the events must be whole.
std::vector<std::string> chunks_of(std::string_view stream) {
  std::vector<std::string> chunks;
  while (!stream.empty()) {
    auto end = stream.find("\n\n");
    CAF_REQUIRE(end != std::string_view::npos);
    CAF_REQUIRE(stream.starts_with("data: "));
    chunks.emplace_back(stream.substr(6, end - 6));
    stream.remove_prefix(end + 2);
  }
  return chunks;
}

/// One event after one of that kind.
std::vector<std::string> after(event_kind before, const answer_event& event, std::uint64_t offset = 7) {
  return chunks_of(test::written(ui_message_stream(), {{}, offset, 0, answer_id, 1, before}, event));
}

/// After an event that leaves nothing open.
std::vector<std::string> chunks(const answer_event& event) {
  return after(event_kind::tool_call, event);
}

answer_finish finish(finish_reason reason) {
  return {reason, answer_id, std::nullopt, std::nullopt, true};
}

using list = std::vector<std::string>;

} // namespace

CAF_TEST(a message begins with its id and its first step) {
  std::string out;
  ui_message_stream().begin(out, {{}, 0, 0, answer_id, 1});
  CAF_CHECK_EQUAL(chunks_of(out),
                  (list{R"({"type":"start","messageId":"0190b6f0-7c1e-7d5a-9f3e-00000000000a"})", R"({"type":"start-step"})"}));
}

CAF_TEST(no other format has a beginning) {
  std::string out;
  for (auto* format : {&lines_stream(), &sse_stream(), &simple_stream(), &ws_stream()})
    format->begin(out, {{}, 0, 0, answer_id, 1});
  CAF_CHECK_EQUAL(out, "");
}

CAF_TEST(the first text of a part begins it and more text goes on) {
  CAF_CHECK_EQUAL(after(event_kind::restart, text("Hi"), 1),
                  (list{R"({"type":"text-start","id":"text"})", R"({"type":"text-delta","id":"text","delta":"Hi"})"}));
  CAF_CHECK_EQUAL(after(event_kind::text, text(" there")), (list{R"({"type":"text-delta","id":"text","delta":" there"})"}));
}

CAF_TEST(reasoning ends before text begins and the other way round) {
  CAF_CHECK_EQUAL(after(event_kind::reasoning, text("Hi")),
                  (list{R"({"type":"reasoning-end","id":"reasoning"})", R"({"type":"text-start","id":"text"})",
                        R"({"type":"text-delta","id":"text","delta":"Hi"})"}));
  CAF_CHECK_EQUAL(after(event_kind::text, reasoning("Hm")),
                  (list{R"({"type":"text-end","id":"text"})", R"({"type":"reasoning-start","id":"reasoning"})",
                        R"({"type":"reasoning-delta","id":"reasoning","delta":"Hm"})"}));
  CAF_CHECK_EQUAL(after(event_kind::reasoning, reasoning("m")),
                  (list{R"({"type":"reasoning-delta","id":"reasoning","delta":"m"})"}));
}

CAF_TEST(a tool call ends the text before it) {
  CAF_CHECK_EQUAL(after(event_kind::text, tool_call_begin{"c1", "look"}),
                  (list{R"({"type":"text-end","id":"text"})",
                        R"({"type":"tool-input-start","toolCallId":"c1","toolName":"look","dynamic":true})"}));
  CAF_CHECK_EQUAL(chunks(tool_call_delta{"c1", R"({"a")"}),
                  (list{R"({"type":"tool-input-delta","toolCallId":"c1","inputTextDelta":"{\"a\""})"}));
  CAF_CHECK_EQUAL(
    chunks(tool_call{"c1", "look", "{\"a\":\r\n [1]}"}),
    (list{R"({"type":"tool-input-available","toolCallId":"c1","toolName":"look","dynamic":true,"input":{"a":   [1]}})"}));
  CAF_CHECK_EQUAL(chunks(tool_call{"c1", "look", ""}),
                  (list{R"({"type":"tool-input-available","toolCallId":"c1","toolName":"look","dynamic":true,"input":{}})"}));
}

CAF_TEST(arguments that are no JSON are an input error) {
  CAF_CHECK_EQUAL(chunks(tool_call{"c1", "look", "{\"a\": "}),
                  (list{R"({"type":"tool-input-error","toolCallId":"c1","toolName":"look","dynamic":true,"input":"{\"a\": ",)"
                        R"("errorText":"The model wrote no valid JSON."})"}));
}

CAF_TEST(a good finish ends the part and the step and the message) {
  auto done = finish(finish_reason::length);
  done.usage = token_usage{9, 2, true};
  CAF_CHECK_EQUAL(after(event_kind::text, done),
                  (list{R"({"type":"text-end","id":"text"})", R"({"type":"finish-step"})",
                        R"({"type":"finish","finishReason":"length","messageMetadata":{"finishReason":"length",)"
                        R"("usage":{"promptTokens":9,"completionTokens":2,"source":"reported"}}})"}));
}

CAF_TEST(an answer that was stopped ends with an abort) {
  CAF_CHECK_EQUAL(
    after(event_kind::reasoning, finish(finish_reason::cancelled)),
    (list{R"({"type":"reasoning-end","id":"reasoning"})", R"({"type":"finish-step"})",
          R"({"type":"message-metadata","messageMetadata":{"finishReason":"cancelled","usage":null}})", R"({"type":"abort"})"}));
}

CAF_TEST(an answer that failed ends with an error after its metadata) {
  auto failed = finish(finish_reason::error);
  failed.error = answer_error{ec::upstream_timeout, "Too \"slow\"."};
  failed.stored = false;
  CAF_CHECK_EQUAL(chunks(failed), (list{R"({"type":"finish-step"})",
                                        R"({"type":"message-metadata","messageMetadata":{"finishReason":"error","usage":null,)"
                                        R"("code":"upstream_timeout","stored":false}})",
                                        R"({"type":"error","errorText":"Too \"slow\"."})"}));
  auto cut = chunks(finish(finish_reason::interrupted));
  CAF_CHECK_EQUAL(cut.back(), R"({"type":"error","errorText":"The answer was interrupted; what came of it is kept."})");
}

CAF_TEST(a restart says where the answer that counts begins) {
  CAF_CHECK_EQUAL(after(event_kind::text, answer_restart{}),
                  (list{R"({"type":"text-end","id":"text"})", R"({"type":"finish-step"})", R"({"type":"start-step"})",
                        R"({"type":"data-restart","data":{}})"}));
}

CAF_TEST(a restart as the first event says nothing) {
  CAF_CHECK(after(event_kind::restart, answer_restart{}, 1).empty());
}

CAF_TEST(a stream ends with its mark) {
  std::string out;
  ui_message_stream().end(out, false);
  ui_message_stream().end(out, true);
  CAF_CHECK_EQUAL(out, "data: [DONE]\n\ndata: [DONE]\n\n");
}

CAF_TEST(text comes through unaltered and every event stays one) {
  for (auto& said : {std::string{"\"quoted\" and \\back\\"}, std::string{"line\nfeed\r\n\ttab"}, std::string{"\x01\x1f\x7f\b\f"},
                     std::string{"data: x\n\nid: 1\n\n"}, std::string{"\u2028 \U0001f600 e\u0301 \uffff"}})
    for (auto kind : {event_kind::text, event_kind::reasoning}) {
      auto written = after(kind, answer_delta{kind, said});
      CAF_REQUIRE_EQUAL(written.size(), 1U);
      CAF_CHECK(written[0].find_first_of("\r\n") == std::string::npos);
      CAF_CHECK_EQUAL(nlohmann::json::parse(written[0])["delta"].get<std::string>(), said);
    }
}
