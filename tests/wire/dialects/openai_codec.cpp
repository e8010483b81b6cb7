#define CAF_SUITE wire.dialects.openai_codec

#include "tests/wire/dialects/decoded.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::wire;
using namespace std::string_literals;

namespace {

const std::string truncated = "failed upstream_truncated The provider's stream ended before the answer did.";
const std::string malformed = "failed upstream_malformed The provider sent something that is not an event of its format.";

strings decoded(std::string_view body) {
  return wire::decoded(provider_kind::openai, body);
}

std::string event(std::string_view json) {
  return "data: " + std::string{json} + "\n\n";
}

/// A chunk as OpenAI sends it.
std::string chunk(std::string_view delta, std::string_view finish = "null") {
  return event(R"({"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk","created":1741570283,)"
               R"("model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_50cad350e4","choices":[)"
               R"({"index":0,"delta":)"
               + std::string{delta} + R"(,"logprobs":null,"finish_reason":)" + std::string{finish} + R"(}],"usage":null})");
}

std::string usage_chunk(int prompt_tokens, int completion_tokens) {
  return event(R"({"id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","object":"chat.completion.chunk","choices":[],"usage":)"
               R"({"prompt_tokens":)"
               + std::to_string(prompt_tokens) + R"(,"completion_tokens":)" + std::to_string(completion_tokens)
               + R"(,"total_tokens":0,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0}}})");
}

const std::string stopped = chunk("{}", R"("stop")");
const std::string done = "data: [DONE]\n\n";

} // namespace

CAF_TEST(an answer is its texts and its usage and its finish) {
  CAF_CHECK_EQUAL(decoded(chunk(R"({"role":"assistant","content":"","refusal":null})") + chunk(R"({"content":"Hello"})")
                          + chunk(R"({"content":" wörld 😀\n"})") + stopped + usage_chunk(19, 10) + done),
                  (strings{"text Hello", "text  wörld 😀\n", "usage 19 10", "finished stop"}));
}

CAF_TEST(an answer is finished without a usage too) {
  CAF_CHECK_EQUAL(decoded(chunk(R"({"content":"Hello"})") + stopped + done), (strings{"text Hello", "finished stop"}));
}

CAF_TEST(the last of several usages counts) {
  CAF_CHECK_EQUAL(decoded(usage_chunk(5, 1) + chunk(R"({"content":"Hi"})") + usage_chunk(5, 2) + stopped + done),
                  (strings{"usage 5 1", "text Hi", "usage 5 2", "finished stop"}));
}

CAF_TEST(a usage of another shape is none) {
  for (auto usage : {"5", "[]", "{}", R"({"prompt_tokens":"5","completion_tokens":1})",
                     R"({"prompt_tokens":-5,"completion_tokens":1})", R"({"prompt_tokens":5.5,"completion_tokens":1})"})
    CAF_CHECK_EQUAL(decoded(stopped + event(R"({"choices":[],"usage":)"s + usage + "}") + done), strings{"finished stop"});
}

CAF_TEST(each finish reason has its meaning) {
  auto finished_by = [](const std::string& reason) { return decoded(chunk("{}", "\"" + reason + "\"") + done).back(); };
  CAF_CHECK_EQUAL(finished_by("stop"), "finished stop");
  CAF_CHECK_EQUAL(finished_by("length"), "finished length");
  CAF_CHECK_EQUAL(finished_by("content_filter"), "finished content-filter");
  CAF_CHECK_EQUAL(finished_by("tool_calls"), "finished tool-calls");
  CAF_CHECK_EQUAL(finished_by("function_call"), "finished tool-calls");
  CAF_CHECK_EQUAL(finished_by("eos"), "finished stop");
  CAF_CHECK_EQUAL(finished_by("error"), "failed upstream_overloaded The provider broke the answer off.");
  CAF_CHECK_EQUAL(finished_by("insufficient_system_resource"), "failed upstream_overloaded The provider broke the answer off.");
}

CAF_TEST(texts and reasoning in parts are told in their order) {
  CAF_CHECK_EQUAL(
    decoded(chunk(R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"Well"},{"type":"text","text":", so"}]}]})")
            + chunk(R"({"content":[{"type":"thinking","thinking":[{"type":"text","text":"."}],"closed":true},)"
                    R"({"type":"text","text":"Hello"}]})")
            + chunk(R"({"content":" there"})") + chunk(R"({"content":[{"type":"reference","reference_ids":[1]}]})")
            + chunk(R"({"content":[{"type":"thinking","thinking":"In one piece"},7,"?",[]]})") + stopped + done),
    (strings{"reasoning Well", "reasoning , so", "reasoning .", "text Hello", "text  there", "reasoning In one piece",
             "finished stop"}));
}

CAF_TEST(text and finish may share a chunk) {
  CAF_CHECK_EQUAL(decoded(chunk(R"({"role":"assistant","content":"All at once"})", R"("length")") + done),
                  (strings{"text All at once", "finished length"}));
}

CAF_TEST(text after the finish reason is kept) {
  CAF_CHECK_EQUAL(decoded(stopped + chunk(R"({"content":"late"})") + done), (strings{"text late", "finished stop"}));
}

CAF_TEST(reasoning goes by either name and is told once) {
  CAF_CHECK_EQUAL(decoded(chunk(R"({"reasoning_content":"Let me think","content":null})")
                          + chunk(R"({"reasoning":" on","content":"","reasoning_content":null})")
                          + chunk(R"({"content":"","reasoning":"same","reasoning_content":"same"})")
                          + chunk(R"({"content":"It is 4.","reasoning_content":null})") + stopped + done),
                  (strings{"reasoning Let me think", "reasoning  on", "reasoning same", "text It is 4.", "finished stop"}));
}

CAF_TEST(a refusal is shown and filters the answer) {
  CAF_CHECK_EQUAL(decoded(chunk(R"({"role":"assistant","content":null,"refusal":""})") + chunk(R"({"refusal":"I'm sorry"})")
                          + chunk(R"({"refusal":", no."})") + stopped + done),
                  (strings{"text I'm sorry", "text , no.", "finished content-filter"}));
}

CAF_TEST(tool calls grow side by side and end with the answer) {
  CAF_CHECK_EQUAL(
    decoded(
      chunk(R"({"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_a","type":"function",)"
            R"("function":{"name":"get_weather","arguments":""}}]})")
      + chunk(R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"city\":"}}]})")
      + chunk(R"({"tool_calls":[{"index":1,"id":"call_b","type":"function","function":{"name":"get_time","arguments":""}}]})")
      + chunk(R"({"tool_calls":[{"index":1,"function":{"arguments":"{}"}},{"index":0,"function":{"arguments":"\"Köln\"}"}}]})")
      + chunk("{}", R"("tool_calls")") + usage_chunk(70, 30) + done),
    (strings{"call call_a get_weather", R"(grows call_a {"city":)", "call call_b get_time", "grows call_b {}",
             R"(grows call_a "Köln"})", "usage 70 30", "ends call_a", "ends call_b", "finished tool-calls"}));
}

CAF_TEST(tool calls that come whole need no index and may repeat it) {
  auto first = R"({"id":"x1","type":"function","function":{"name":"f","arguments":"{\"n\":1}"}})"s;
  auto second = R"({"id":"x2","type":"function","function":{"name":"f","arguments":"{\"n\":2}"}})"s;
  strings expected{"call x1 f", R"(grows x1 {"n":1})", "call x2 f", R"(grows x2 {"n":2})", "ends x1",
                   "ends x2",   "finished tool-calls"};
  auto finish = chunk("{}", R"("tool_calls")") + done;
  CAF_CHECK_EQUAL(decoded(chunk(R"({"tool_calls":[)" + first + "," + second + "]}") + finish), expected);
  CAF_CHECK_EQUAL(decoded(chunk(R"({"tool_calls":[)" + first + "]}") + chunk(R"({"tool_calls":[)" + second + "]}") + finish),
                  expected);
}

CAF_TEST(a tool call that repeats its id and name is one call) {
  auto piece = [](const std::string& arguments) {
    return chunk(R"({"tool_calls":[{"index":0,"id":"x1","function":{"name":"f","arguments":")" + arguments + R"("}}]})");
  };
  CAF_CHECK_EQUAL(decoded(piece("[1,") + piece("2]") + chunk("{}", R"("tool_calls")") + done),
                  (strings{"call x1 f", "grows x1 [1,", "grows x1 2]", "ends x1", "finished tool-calls"}));
}

CAF_TEST(a call without an id gets one) {
  CAF_CHECK_EQUAL(decoded(chunk(R"({"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]})")
                          + chunk("{}", R"("tool_calls")") + done),
                  (strings{"call call_0 f", "grows call_0 {}", "ends call_0", "finished tool-calls"}));
  CAF_CHECK_EQUAL(decoded(chunk(R"({"function_call":{"name":"f","arguments":""}})")
                          + chunk(R"({"function_call":{"arguments":"{}"}})") + chunk("{}", R"("function_call")") + done),
                  (strings{"call call_0 f", "grows call_0 {}", "ends call_0", "finished tool-calls"}));
}

CAF_TEST(the number of tool calls is bounded) {
  std::string calls;
  for (int i = 0; i < 1000; ++i)
    calls += chunk(R"({"tool_calls":[{"index":)" + std::to_string(i) + R"(,"id":"","function":{"name":"f"}}]})");
  auto answer = decode(provider_kind::openai, {calls + done});
  CAF_CHECK_EQUAL(answer.events().size(), 129U);
  CAF_CHECK_EQUAL(answer.events().back(), "failed upstream_malformed The provider's answer calls too many tools.");
}

CAF_TEST(a stream without its end mark is truncated) {
  CAF_CHECK_EQUAL(decoded(""), strings{truncated});
  CAF_CHECK_EQUAL(decoded(chunk(R"({"content":"Hello"})")), (strings{"text Hello", truncated}));
  CAF_CHECK_EQUAL(decoded(chunk(R"({"content":"Hello"})") + stopped), (strings{"text Hello", truncated}));
  CAF_CHECK_EQUAL(decoded(chunk(R"({"content":"Hello"})") + stopped + "data: [DON"), (strings{"text Hello", truncated}));
  CAF_CHECK_EQUAL(decoded(chunk(R"({"content":"Hello"})") + R"(data: {"choices":[)"), (strings{"text Hello", truncated}));
}

CAF_TEST(a stream without a finish reason is truncated) {
  CAF_CHECK_EQUAL(decoded(chunk(R"({"content":"Hello"})") + done), (strings{"text Hello", truncated}));
  CAF_CHECK_EQUAL(decoded(chunk(R"({"content":"Hello"})", R"("")") + done), (strings{"text Hello", truncated}));
}

CAF_TEST(the end mark needs no empty line after it) {
  CAF_CHECK_EQUAL(decoded(stopped + "data: [DONE]"), strings{"finished stop"});
  CAF_CHECK_EQUAL(decoded(stopped + "data: [DONE]\r\n"), strings{"finished stop"});
  CAF_CHECK_EQUAL(decoded("data: [DONE]"), strings{truncated});
}

CAF_TEST(what follows the end mark is ignored) {
  CAF_CHECK_EQUAL(decoded(stopped + done + chunk(R"({"content":"more"})") + "data: {broken\n\n" + done),
                  strings{"finished stop"});
}

CAF_TEST(comments and empty events and unknown events and fields are passed over) {
  CAF_CHECK_EQUAL(decoded(": OPENROUTER PROCESSING\n\n" + event("") + event("{}") + "event: ping\ndata: {\"type\":\"ping\"}\n\n"
                          + event(R"({"id":"","object":"","model":"","prompt_filter_results":[{"prompt_index":0}],"choices":[]})")
                          + chunk(R"({"content":"Hi","annotations":[{"x":[1,2,{"y":null}]}],"audio":{"id":"a"}})") + stopped
                          + "id: 5\nretry: 10\n" + done),
                  (strings{"text Hi", "finished stop"}));
}

CAF_TEST(only the first choice counts) {
  CAF_CHECK_EQUAL(decoded(event(R"({"choices":[{"index":1,"delta":{"content":"rival"},"finish_reason":"length"},)"
                                R"({"index":0,"delta":{"content":"ours"},"finish_reason":null}]})")
                          + stopped + done),
                  (strings{"text ours", "finished stop"}));
}

CAF_TEST(what has another type than expected counts as absent) {
  for (auto delta : {R"({"content":5})", R"({"content":["a"]})", R"({"content":{"text":"a"}})", R"({"content":true})", "null",
                     "[]", "7", R"("text")", R"({"tool_calls":{}})", R"({"tool_calls":[5,null,{},{"index":"x"}]})",
                     R"({"tool_calls":[{"index":0,"function":"f"}]})", R"({"function_call":"f"})", R"({"reasoning":{}})"})
    CAF_CHECK_EQUAL(decoded(chunk(delta) + stopped + done), strings{"finished stop"});
  for (auto odd : {R"({"choices":5})", R"({"choices":{}})", R"({"choices":[5,[],null,"x"]})", R"({"choices":null})"})
    CAF_CHECK_EQUAL(decoded(event(odd) + stopped + done), strings{"finished stop"});
  CAF_CHECK_EQUAL(decoded(chunk("{}", "7") + stopped + done), strings{"finished stop"});
}

CAF_TEST(what is not JSON or no object is malformed) {
  for (auto odd :
       {"{broken", "hello", "5", R"("text")", "[]", "null", "{\"a\":1}x", "[DONE]x", "{\"choices\":[{\"delta\":\"\n\"}]}"})
    CAF_CHECK_EQUAL(decoded(chunk(R"({"content":"Hi"})") + event(odd) + stopped + done), (strings{"text Hi", malformed}));
}

CAF_TEST(JSON that is nested too deeply is malformed) {
  auto deep = R"({"a":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  CAF_CHECK_EQUAL(decode(provider_kind::openai, {event(deep)}).events(), strings{malformed});
}

CAF_TEST(an event over a mebibyte is malformed) {
  auto large = [](std::size_t size) { return chunk(R"({"content":")" + std::string(size, 'x') + R"("})"); };
  auto fits = decode(provider_kind::openai, {large(max_event_bytes - 1000) + stopped + done}).events();
  CAF_CHECK_EQUAL(fits.size(), 2U);
  CAF_CHECK_EQUAL(fits.back(), "finished stop");
  CAF_CHECK_EQUAL(decode(provider_kind::openai, {large(max_event_bytes) + stopped + done}).events(),
                  strings{"failed upstream_malformed The provider sent an event that is too large."});
}

CAF_TEST(an error in mid stream ends the answer by its kind) {
  auto failed_by = [](const std::string& error) { return decoded(chunk(R"({"content":"Hi"})") + event(error) + done).back(); };
  CAF_CHECK_EQUAL(failed_by(R"({"error":{"message":"The server had an error while processing your request.",)"
                            R"("type":"server_error","param":null,"code":null}})"),
                  "failed upstream_overloaded The provider reported an error: "
                  "The server had an error while processing your request.");
  CAF_CHECK_EQUAL(failed_by(R"({"error":{"message":"Slow down","type":"requests","code":"rate_limit_exceeded"}})"),
                  "failed upstream_rate_limited The provider reported an error: Slow down");
  CAF_CHECK_EQUAL(failed_by(R"({"error":{"message":"Slow down","code":429}})"),
                  "failed upstream_rate_limited The provider reported an error: Slow down");
  CAF_CHECK_EQUAL(failed_by(R"({"error":{"message":"Bad gateway","code":502},"choices":[{"index":0,)"
                            R"("delta":{"content":""},"finish_reason":"error"}]})"),
                  "failed upstream_overloaded The provider reported an error: Bad gateway");
  CAF_CHECK_EQUAL(
    failed_by(R"({"error":{"message":"Too long","type":"invalid_request_error","code":"context_length_exceeded"}})"),
    "failed upstream_rejected The provider reported an error: Too long");
  CAF_CHECK_EQUAL(failed_by(R"({"object":"error","message":"Older vLLM","type":"BadRequestError","code":400})"),
                  "failed upstream_rejected The provider reported an error: Older vLLM");
  CAF_CHECK_EQUAL(failed_by(R"({"error":"just a string"})"),
                  "failed upstream_rejected The provider reported an error: just a string");
  CAF_CHECK_EQUAL(failed_by(R"({"error":{}})"), "failed upstream_rejected The provider reported an error.");
  CAF_CHECK_EQUAL(failed_by(R"({"error":true})"), "failed upstream_rejected The provider reported an error.");
  CAF_CHECK_EQUAL(decoded("event: error\ndata: {\"message\":\"by its name\"}\n\n"),
                  strings{"failed upstream_rejected The provider reported an error: by its name"});
}

CAF_TEST(an error about our key is not quoted) {
  CAF_CHECK_EQUAL(decoded(event(R"({"error":{"message":"Incorrect API key provided: abc","code":"invalid_api_key"}})")),
                  strings{"failed upstream_rejected The provider reported an error."});
  CAF_CHECK_EQUAL(decoded(event(R"({"error":{"message":"User bob is banned","code":403}})")),
                  strings{"failed upstream_rejected The provider reported an error."});
}

CAF_TEST(an error that is null is none) {
  CAF_CHECK_EQUAL(decoded(event(R"({"error":null,"choices":[{"delta":{"content":"Hi"}}]})") + stopped + done),
                  (strings{"text Hi", "finished stop"}));
}

CAF_TEST(what is no text becomes replacement characters) {
  CAF_CHECK_EQUAL(decoded(chunk(R"({"content":"a\ud800b"})") + chunk(R"({"content":"\u0000"})")
                          + chunk("{\"content\":\"\xFF\xE2\x82\"}") + chunk("{\"content\":\"\0\"}"s)
                          + chunk(R"({"content":"\ud83d\ude00"})") + stopped + done),
                  (strings{"text a�b", "text �", "text ��", "text �", "text 😀", "finished stop"}));
}

CAF_TEST(two streams on one thread do not disturb each other) {
  auto body = chunk(R"({"tool_calls":[{"index":0,"id":"x1","function":{"name":"f","arguments":"{}"}}]})")
              + chunk(R"({"content":"Hello"})") + stopped + done;
  auto alone = decode(provider_kind::openai, {body}).events();
  recording_sink first;
  recording_sink second;
  auto one = dialect_of(provider_kind::openai).make_codec();
  auto other = dialect_of(provider_kind::openai).make_codec();
  for (auto piece : byte_by_byte(body)) {
    one->feed(piece, first);
    other->feed(piece, second);
  }
  CAF_CHECK_EQUAL(first.events(), alone);
  CAF_CHECK_EQUAL(second.events(), alone);
  CAF_CHECK(one->done());
}
