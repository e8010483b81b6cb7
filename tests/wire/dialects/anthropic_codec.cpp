#define CAF_SUITE wire.dialects.anthropic_codec

#include "tests/wire/dialects/decoded.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::wire;
using namespace std::string_literals;

namespace {

const std::string truncated = "failed upstream_truncated The provider's stream ended before the answer did.";

strings decoded(std::string_view body) {
  return wire::decoded(provider_kind::anthropic, body);
}

std::string event(std::string_view type, std::string_view json) {
  return "event: " + std::string{type} + "\ndata: " + std::string{json} + "\n\n";
}

std::string block_start(int index, std::string_view block) {
  return event("content_block_start", R"({"type":"content_block_start","index":)" + std::to_string(index) + R"(,"content_block":)"
                                        + std::string{block} + "}");
}

std::string block_delta(int index, std::string_view delta) {
  return event("content_block_delta",
               R"({"type":"content_block_delta","index":)" + std::to_string(index) + R"(,"delta":)" + std::string{delta} + "}");
}

std::string block_stop(int index) {
  return event("content_block_stop", R"({"type":"content_block_stop","index":)" + std::to_string(index) + "}");
}

std::string message_delta(std::string_view stop_reason, std::string_view usage = R"({"output_tokens":15})") {
  return event("message_delta", R"({"type":"message_delta","delta":{"stop_reason":)" + std::string{stop_reason}
                                  + R"(,"stop_sequence":null},"usage":)" + std::string{usage} + "}");
}

std::string message_start(std::string_view usage = R"({"input_tokens":25,"output_tokens":1})") {
  return event("message_start",
               R"({"type":"message_start","message":{"id":"msg_1nZdL29xx5MUA1yADyHTEsnR8uuvGzszyY","type":"message",)"
               R"("role":"assistant","content":[],"model":"claude-opus-4-20250514","stop_reason":null,"stop_sequence":null,)"
               R"("usage":)"
                 + std::string{usage} + "}}");
}

const std::string ping = event("ping", R"({"type":"ping"})");
const std::string text_start = block_start(0, R"({"type":"text","text":""})");
const std::string message_stop = event("message_stop", R"({"type":"message_stop"})");
const std::string ended = message_delta(R"("end_turn")") + message_stop;

std::string text(int index, std::string_view content) {
  return block_delta(index, R"({"type":"text_delta","text":")" + std::string{content} + R"("})");
}

} // namespace

CAF_TEST(an answer is its texts and its usage and its finish) {
  CAF_CHECK_EQUAL(decoded(message_start() + text_start + ping + text(0, "Hello") + text(0, " wörld 😀\\n") + text(0, "")
                          + block_stop(0) + ended),
                  (strings{"text Hello", "text  wörld 😀\n", "usage 25 15", "finished stop"}));
}

CAF_TEST(cached tokens are part of the prompt) {
  CAF_CHECK_EQUAL(decoded(message_start(R"({"input_tokens":3,"cache_creation_input_tokens":100,"cache_read_input_tokens":2000,)"
                                        R"("cache_creation":{"ephemeral_5m_input_tokens":100},"output_tokens":1})")
                          + ended),
                  (strings{"usage 2103 15", "finished stop"}));
}

CAF_TEST(the counts of the message delta replace the first ones where it has them) {
  CAF_CHECK_EQUAL(decoded(message_start()
                          + message_delta(R"("end_turn")", R"({"input_tokens":30,"cache_read_input_tokens":5,"output_tokens":7})")
                          + message_stop),
                  (strings{"usage 35 7", "finished stop"}));
  CAF_CHECK_EQUAL(
    decoded(message_start() + message_delta(R"("end_turn")", R"({"input_tokens":0,"output_tokens":7})") + message_stop),
    (strings{"usage 25 7", "finished stop"}));
}

CAF_TEST(a broken off answer has no reported usage) {
  CAF_CHECK_EQUAL(decoded(message_start() + text_start + text(0, "Hello")), (strings{"text Hello", truncated}));
}

CAF_TEST(a usage of another shape is none) {
  for (auto usage : {"5", "null", "[]", "{}", R"({"output_tokens":"15"})", R"({"output_tokens":-1})"})
    CAF_CHECK_EQUAL(decoded(message_start(usage) + message_delta(R"("end_turn")", usage) + message_stop),
                    strings{"finished stop"});
}

CAF_TEST(each stop reason has its meaning) {
  auto finished_by = [](const std::string& reason) {
    return decoded(message_start() + message_delta("\"" + reason + "\"") + message_stop).back();
  };
  CAF_CHECK_EQUAL(finished_by("end_turn"), "finished stop");
  CAF_CHECK_EQUAL(finished_by("stop_sequence"), "finished stop");
  CAF_CHECK_EQUAL(finished_by("pause_turn"), "finished stop");
  CAF_CHECK_EQUAL(finished_by("something_new"), "finished stop");
  CAF_CHECK_EQUAL(finished_by("max_tokens"), "finished length");
  CAF_CHECK_EQUAL(finished_by("model_context_window_exceeded"), "finished length");
  CAF_CHECK_EQUAL(finished_by("tool_use"), "finished tool-calls");
  CAF_CHECK_EQUAL(finished_by("refusal"), "finished content-filter");
}

CAF_TEST(thinking is reasoning and its signature is nobodys business) {
  CAF_CHECK_EQUAL(
    decoded(message_start() + block_start(0, R"({"type":"thinking","thinking":"","signature":""})")
            + block_delta(0, R"({"type":"thinking_delta","thinking":"Let me solve this"})")
            + block_delta(0, R"({"type":"thinking_delta","thinking":" step by step"})")
            + block_delta(0, R"({"type":"signature_delta","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3h"})") + block_stop(0)
            + block_start(1, R"({"type":"redacted_thinking","data":"EmwKAhgBEgy3va3pzix"})") + block_stop(1)
            + block_start(2, R"({"type":"text","text":""})") + text(2, "12231") + block_stop(2) + ended),
    (strings{"reasoning Let me solve this", "reasoning  step by step", "text 12231", "usage 25 15", "finished stop"}));
}

CAF_TEST(a tool call is its name and its pieces and its end) {
  CAF_CHECK_EQUAL(decoded(message_start() + text_start + text(0, "Okay") + block_stop(0)
                          + block_start(1, R"({"type":"tool_use","id":"toolu_01T1x1fJ","name":"get_weather","input":{}})")
                          + block_delta(1, R"({"type":"input_json_delta","partial_json":""})")
                          + block_delta(1, R"({"type":"input_json_delta","partial_json":"{\"location\": \"Kö"})")
                          + block_delta(1, R"({"type":"input_json_delta","partial_json":"ln\"}"})") + block_stop(1)
                          + message_delta(R"("tool_use")") + message_stop),
                  (strings{"text Okay", "call toolu_01T1x1fJ get_weather", R"(grows toolu_01T1x1fJ {"location": "Kö)",
                           R"(grows toolu_01T1x1fJ ln"})", "ends toolu_01T1x1fJ", "usage 25 15", "finished tool-calls"}));
}

CAF_TEST(a tool call without pieces has the arguments it began with) {
  auto finish = message_delta(R"("tool_use")", "{}") + message_stop;
  CAF_CHECK_EQUAL(decoded(block_start(0, R"({"type":"tool_use","id":"t","name":"now","input":{}})") + block_stop(0) + finish),
                  (strings{"call t now", "grows t {}", "ends t", "finished tool-calls"}));
  CAF_CHECK_EQUAL(
    decoded(block_start(0, R"({"type":"tool_use","id":"t","name":"f","input":{"a": [1, "\ud800"]}})") + block_stop(0) + finish),
    (strings{"call t f", "grows t {\"a\":[1,\"�\"]}", "ends t", "finished tool-calls"}));
}

CAF_TEST(calls side by side end each at its own block or at the latest with the answer) {
  CAF_CHECK_EQUAL(
    decoded(block_start(0, R"({"type":"tool_use","id":"t0","name":"f"})")
            + block_start(1, R"({"type":"tool_use","id":"t1","name":"g"})")
            + block_delta(1, R"({"type":"input_json_delta","partial_json":"[1]"})")
            + block_delta(0, R"({"type":"input_json_delta","partial_json":"[0]"})") + block_stop(1)
            + message_delta(R"("tool_use")", "{}") + message_stop),
    (strings{"call t0 f", "call t1 g", "grows t1 [1]", "grows t0 [0]", "ends t1", "ends t0", "finished tool-calls"}));
}

CAF_TEST(the number of tool calls is bounded) {
  std::string calls;
  for (int i = 0; i < 1000; ++i)
    calls += block_start(i, R"({"type":"tool_use","id":"t","name":"f","input":{}})") + block_stop(i);
  auto answer = decode(provider_kind::anthropic, {calls});
  CAF_CHECK_EQUAL(answer.events().back(), "failed upstream_malformed The provider's answer calls too many tools.");
  CAF_CHECK_EQUAL(answer.events().size(), 128U * 3 + 1);
}

CAF_TEST(a block may begin with text) {
  CAF_CHECK_EQUAL(decoded(block_start(0, R"({"type":"thinking","thinking":"Hm"})")
                          + block_start(1, R"({"type":"text","text":"Hi"})") + message_delta(R"("end_turn")", "{}")
                          + message_stop),
                  (strings{"reasoning Hm", "text Hi", "finished stop"}));
}

CAF_TEST(a stream without its end mark is truncated) {
  auto answer = message_start() + text_start + text(0, "Hello");
  CAF_CHECK_EQUAL(decoded(""), strings{truncated});
  CAF_CHECK_EQUAL(decoded(answer + block_stop(0) + message_delta(R"("end_turn")")),
                  (strings{"text Hello", "usage 25 15", truncated}));
  CAF_CHECK_EQUAL(decoded(answer + "event: content_block_delta\ndata: {\"type\":\"content_bl"),
                  (strings{"text Hello", truncated}));
}

CAF_TEST(a stream without a stop reason is truncated) {
  CAF_CHECK_EQUAL(decoded(message_start() + message_stop), strings{truncated});
  CAF_CHECK_EQUAL(decoded(message_start() + message_delta("null") + message_stop), (strings{"usage 25 15", truncated}));
}

CAF_TEST(an error ends the answer by its kind) {
  auto failed_by = [](const std::string& type) {
    return decoded(message_start() + text_start + text(0, "Hi")
                   + event("error", R"({"type":"error","error":{"type":")" + type + R"(","message":"Words"}})") + ended)
      .back();
  };
  CAF_CHECK_EQUAL(failed_by("overloaded_error"), "failed upstream_overloaded The provider reported an error: Words");
  CAF_CHECK_EQUAL(failed_by("api_error"), "failed upstream_overloaded The provider reported an error: Words");
  CAF_CHECK_EQUAL(failed_by("timeout_error"), "failed upstream_overloaded The provider reported an error: Words");
  CAF_CHECK_EQUAL(failed_by("rate_limit_error"), "failed upstream_rate_limited The provider reported an error: Words");
  CAF_CHECK_EQUAL(failed_by("invalid_request_error"), "failed upstream_rejected The provider reported an error: Words");
  CAF_CHECK_EQUAL(failed_by("authentication_error"), "failed upstream_rejected The provider reported an error.");
  CAF_CHECK_EQUAL(failed_by("permission_error"), "failed upstream_rejected The provider reported an error.");
  CAF_CHECK_EQUAL(decoded(event("error", R"({"type":"error","error":"what"})")),
                  strings{"failed upstream_rejected The provider reported an error."});
}

CAF_TEST(unknown events and blocks and deltas are passed over) {
  CAF_CHECK_EQUAL(decoded(": a comment\n\n" + event("novelty", R"({"type":"novelty","index":0,"delta":{"text":"no"}})")
                          + event("x", "{}") + event("x", R"({"type":5})")
                          + block_start(0, R"({"type":"server_tool_use","id":"s","name":"web_search","input":{}})")
                          + block_delta(0, R"({"type":"input_json_delta","partial_json":"{\"query\":1}"})") + block_stop(0)
                          + block_start(1, R"({"type":"web_search_tool_result","content":[]})") + block_stop(1)
                          + block_start(2, R"({"type":"text","text":"Hi"})")
                          + block_delta(2, R"({"type":"citations_delta","citation":{"cited_text":"no"}})") + block_stop(7)
                          + message_delta(R"("end_turn")", "{}") + message_stop),
                  (strings{"text Hi", "finished stop"}));
}

CAF_TEST(what has another type than expected counts as absent) {
  for (auto delta :
       {"5", "null", "[]", R"("x")", R"({"type":"text_delta","text":5})", R"({"type":"text_delta"})", R"({"type":{}})",
        R"({"type":"thinking_delta","thinking":[]})", R"({"type":"input_json_delta","partial_json":{}})"})
    CAF_CHECK_EQUAL(decoded(text_start + block_delta(0, delta) + message_delta(R"("end_turn")", "{}") + message_stop),
                    strings{"finished stop"});
  for (auto odd : {R"({"type":"message_start","message":5})", R"({"type":"content_block_start","index":"x","content_block":[]})",
                   R"({"type":"content_block_stop"})", R"({"type":"message_delta","delta":[],"usage":7})"})
    CAF_CHECK_EQUAL(decoded(event("x", odd) + message_delta(R"("end_turn")", "{}") + message_stop), strings{"finished stop"});
}

CAF_TEST(what is not JSON or no object is malformed) {
  for (auto odd : {"{broken", "hello", "[]", "[DONE]"})
    CAF_CHECK_EQUAL(
      decoded(text_start + text(0, "Hi") + event("x", odd) + ended),
      (strings{"text Hi", "failed upstream_malformed The provider sent something that is not an event of its format."}));
}

CAF_TEST(what is no text becomes replacement characters) {
  CAF_CHECK_EQUAL(decoded(text(0, R"(a\udc00b\u0000)") + text(0, "\xC3") + message_delta(R"("end_turn")", "{}") + message_stop),
                  (strings{"text a�b�", "text �", "finished stop"}));
}
