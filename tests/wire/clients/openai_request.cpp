// What a client of OpenAI's API asks: what is refused, what goes up as it is, and how it is said to Anthropic.

#define CAF_SUITE wire.clients.openai_request

#include "wire/clients/openai_request.hpp"
#include "wire/dialects/dialect.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::wire;

namespace {

model model_at(provider_kind kind) {
  auto at = std::make_shared<upstream>();
  at->kind = kind;
  at->base_url = "http://127.0.0.1:1/v1";
  model result;
  result.id = "m1";
  result.upstream_name = "upstream-m1";
  result.at = at;
  return result;
}

json_object asking(std::string_view more = "{}") {
  auto body = json_object::parse(R"({"model":"m1","messages":[{"role":"user","content":"Hello"}]})");
  body.update(json_object::parse(more));
  return body;
}

openai_request read(std::string_view more = "{}") {
  auto request = read_openai_request(asking(more));
  CAF_REQUIRE(request.has_value());
  return *request;
}

/// The field that the request is refused for; `-` if it isn't.
std::string refused(std::string_view more) {
  auto request = read_openai_request(asking(more));
  return request ? "-" : request.error().param;
}

/// Its fields by value: what a check compares outlives the body.
struct sent_body {
  json_object fields;

  json_object operator[](const char* name) const { return fields.contains(name) ? fields.at(name) : json_object{}; }
  bool contains(const char* name) const { return fields.contains(name); }
};

sent_body sent(provider_kind kind, std::string_view more = "{}") {
  auto request = dialect_of(kind).encode(model_at(kind), *read(more).ask);
  CAF_REQUIRE(request.has_value());
  return {json_object::parse(request->body)};
}

sent_body to_anthropic(std::string_view more) {
  return sent(provider_kind::anthropic, more);
}

json_object messages_to_anthropic(std::string_view messages) {
  return to_anthropic("{\"messages\":" + std::string{messages} + "}")["messages"];
}

std::string refused_by_anthropic(std::string_view more) {
  auto can = dialect_of(provider_kind::anthropic).can_be_asked(*read(more).ask);
  return can ? "-" : can.error().param;
}

json_object parsed(std::string_view text) {
  return json_object::parse(text);
}

} // namespace

CAF_TEST(models stand between commas) {
  CAF_CHECK_EQUAL(read().models, std::vector<std::string>{"m1"});
  auto several = read(R"({"model":"a, b/c,a"})");
  CAF_CHECK_EQUAL(several.model, "a, b/c,a");
  CAF_CHECK_EQUAL(several.models, (std::vector<std::string>{"a", "b/c", "a"}));
  CAF_CHECK_EQUAL(refused(R"({"model":"1,2,3,4,5,6,7,8,9"})"), "model");
}

CAF_TEST(what is wrong is refused by its name) {
  CAF_CHECK_EQUAL(refused(R"({"model":null})"), "model");
  CAF_CHECK_EQUAL(refused(R"({"model":7})"), "model");
  CAF_CHECK_EQUAL(refused(R"({"messages":null})"), "messages");
  CAF_CHECK_EQUAL(refused(R"({"messages":[]})"), "messages");
  CAF_CHECK_EQUAL(refused(R"({"messages":"Hello"})"), "messages");
  CAF_CHECK_EQUAL(refused(R"({"messages":[{"role":"user","content":"x"},7]})"), "messages[1]");
  CAF_CHECK_EQUAL(refused(R"({"messages":[{"role":"king","content":"x"}]})"), "messages[0].role");
  CAF_CHECK_EQUAL(refused(R"({"messages":[{"role":"user"}]})"), "messages[0].content");
  CAF_CHECK_EQUAL(refused(R"({"messages":[{"role":"user","content":7}]})"), "messages[0].content");
  CAF_CHECK_EQUAL(refused(R"({"messages":[{"role":"user","content":[{"text":"x"}]}]})"), "messages[0].content[0].type");
  CAF_CHECK_EQUAL(refused(R"({"messages":[{"role":"assistant"},{"role":"user","content":"x"}]})"), "-");
  CAF_CHECK_EQUAL(refused(R"({"stream":"yes"})"), "stream");
  CAF_CHECK_EQUAL(refused(R"({"stream_options":{"include_usage":true}})"), "stream_options");
  CAF_CHECK_EQUAL(refused(R"({"stream":true,"stream_options":{"include_usage":1}})"), "stream_options.include_usage");
  CAF_CHECK_EQUAL(refused(R"({"tools":{}})"), "tools");
}

CAF_TEST(choices are bounded together with the models) {
  CAF_CHECK_EQUAL(read(R"({"n":8})").choices, 8u);
  for (auto n : {"0", "9", "-1", "1.5", "\"2\"", "18446744073709551615", "1e30"})
    CAF_CHECK_EQUAL(refused("{\"n\":" + std::string{n} + "}"), "n");
  CAF_CHECK_EQUAL(refused(R"({"model":"a,b","n":4})"), "-");
  CAF_CHECK_EQUAL(refused(R"({"model":"a,b","n":5})"), "n");
}

CAF_TEST(what would not come back is refused) {
  CAF_CHECK_EQUAL(refused(R"({"logprobs":true})"), "logprobs");
  CAF_CHECK_EQUAL(refused(R"({"logprobs":false})"), "-");
  CAF_CHECK_EQUAL(refused(R"({"top_logprobs":3})"), "top_logprobs");
  CAF_CHECK_EQUAL(refused(R"({"modalities":["text","audio"]})"), "modalities");
  CAF_CHECK_EQUAL(refused(R"({"modalities":["text"]})"), "-");
  CAF_CHECK_EQUAL(refused(R"({"functions":[]})"), "functions");
}

CAF_TEST(an upstream that speaks OpenAI is sent what came) {
  auto body = sent(provider_kind::openai, R"({
    "messages": [{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}],"name":"x"}],
    "tools": [{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"z":{},"a":{}}}}}],
    "tool_choice": "auto", "parallel_tool_calls": false, "seed": 7, "user": "u", "temperature": 0.1, "stop": ["x"], "logit_bias": {"5": 1},
    "response_format": {"type":"json_object"}, "some_new_field": [1.50, null], "top_p": null, "n": 2, "stream": true,
    "stream_options": {"include_usage": true}})");
  CAF_CHECK_EQUAL(body["model"], "upstream-m1");
  CAF_CHECK_EQUAL(body["stream"], true);
  CAF_CHECK_EQUAL(body["stream_options"], parsed(R"({"include_usage":true})"));
  CAF_CHECK_EQUAL(
    to_text(body["messages"]),
    R"([{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}],"name":"x"}])");
  CAF_CHECK_EQUAL(to_text(body["tools"]),
                  R"([{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"z":{},"a":{}}}}}])");
  CAF_CHECK_EQUAL(to_text(body["some_new_field"]), "[1.5,null]");
  CAF_CHECK_EQUAL(body["seed"], 7);
  CAF_CHECK_EQUAL(to_text(body["temperature"]), "0.1");
  CAF_CHECK(!body.contains("n"));
  CAF_CHECK(!body.contains("top_p"));
}

CAF_TEST(the limit of tokens goes by the name that the upstream knows) {
  CAF_CHECK_EQUAL(sent(provider_kind::openai, R"({"max_completion_tokens":5})")["max_tokens"], 5);
  CAF_CHECK_EQUAL(sent(provider_kind::openai, R"({"max_tokens":4,"max_completion_tokens":5})")["max_tokens"], 5);
  CAF_CHECK_EQUAL(to_anthropic(R"({"max_completion_tokens":5})")["max_tokens"], 5);
  CAF_CHECK_EQUAL(to_anthropic(R"({"max_tokens":4})")["max_tokens"], 4);
  CAF_CHECK_EQUAL(to_anthropic("{}")["max_tokens"], 4096);
  CAF_CHECK(!sent(provider_kind::openai).contains("max_tokens"));
}

CAF_TEST(Anthropic is told the system apart) {
  auto body = to_anthropic(R"({"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]})");
  CAF_CHECK_EQUAL(body["system"], "Be brief.");
  CAF_CHECK_EQUAL(body["messages"], parsed(R"([{"role":"user","content":[{"type":"text","text":"Hi"}]}])"));
  body = to_anthropic(
    R"({"messages":[{"role":"system","content":"One."},{"role":"developer","content":[{"type":"text","text":"Two."}]},
    {"role":"user","content":"Hi"}]})");
  CAF_CHECK_EQUAL(body["system"], parsed(R"([{"type":"text","text":"One."},{"type":"text","text":"Two."}])"));
}

CAF_TEST(Anthropic is shown images and files) {
  CAF_CHECK_EQUAL(messages_to_anthropic(R"([{"role":"user","content":[
      {"type":"text","text":"Look"},
      {"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}},
      {"type":"image_url","image_url":{"url":"https://example.org/a.png"}},
      {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,QUJD"}}]}])"),
                  parsed(R"([{"role":"user","content":[
      {"type":"text","text":"Look"},
      {"type":"image","source":{"type":"base64","media_type":"image/png","data":"QUJD"}},
      {"type":"image","source":{"type":"url","url":"https://example.org/a.png"}},
      {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"QUJD"},"title":"a.pdf"}]}])"));
}

CAF_TEST(Anthropic is told calls and their results) {
  CAF_CHECK_EQUAL(messages_to_anthropic(R"([{"role":"user","content":"Weather?"},
      {"role":"assistant","content":null,"tool_calls":[
        {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"b\":1,\"a\":2}"}},
        {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
      {"role":"tool","tool_call_id":"c1","content":"rain"},
      {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"sun"}]},
      {"role":"user","content":"And now?"}])"),
                  parsed(R"([{"role":"user","content":[{"type":"text","text":"Weather?"}]},
      {"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{"b":1,"a":2}},
                                     {"type":"tool_use","id":"c2","name":"g","input":{}}]},
      {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"rain"},
                                {"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"sun"}]},
                                {"type":"text","text":"And now?"}]}])"));
}

CAF_TEST(Anthropic takes turns that begin with the user and are not blank) {
  CAF_CHECK_EQUAL(messages_to_anthropic(
                    R"([{"role":"assistant","content":"Welcome"},{"role":"user","content":" "},{"role":"user","content":"Hi"}])"),
                  parsed(R"([{"role":"user","content":[{"type":"text","text":"…"}]},
                             {"role":"assistant","content":[{"type":"text","text":"Welcome"}]},
                             {"role":"user","content":[{"type":"text","text":"Hi"}]}])"));
}

CAF_TEST(Anthropic is told the tools and which to choose) {
  constexpr auto tools = R"("tools":[{"type":"function","function":{"name":"f","description":"d","strict":true,
    "parameters":{"type":"object","properties":{"z":{},"a":{}}}}},{"type":"function","function":{"name":"g"}}])";
  auto with = [&](std::string_view more) { return to_anthropic("{" + std::string{tools} + std::string{more} + "}"); };
  CAF_CHECK_EQUAL(to_text(with("")["tools"]),
                  R"([{"name":"f","description":"d","input_schema":{"type":"object","properties":{"z":{},"a":{}}}},)"
                  R"({"name":"g","input_schema":{"type":"object","properties":{}}}])");
  CAF_CHECK(!with("").contains("tool_choice"));
  CAF_CHECK_EQUAL(with(R"(,"tool_choice":"auto")")["tool_choice"], parsed(R"({"type":"auto"})"));
  CAF_CHECK_EQUAL(with(R"(,"tool_choice":"none")")["tool_choice"], parsed(R"({"type":"none"})"));
  CAF_CHECK_EQUAL(with(R"(,"tool_choice":"required")")["tool_choice"], parsed(R"({"type":"any"})"));
  CAF_CHECK_EQUAL(with(R"(,"tool_choice":{"type":"function","function":{"name":"g"}})")["tool_choice"],
                  parsed(R"({"type":"tool","name":"g"})"));
  CAF_CHECK_EQUAL(with(R"(,"parallel_tool_calls":false)")["tool_choice"],
                  parsed(R"({"type":"auto","disable_parallel_tool_use":true})"));
}

CAF_TEST(Anthropic is told the parameters that it knows) {
  auto body = to_anthropic(R"({"stop":"END","temperature":1.6,"top_p":0.5,"user":"u1"})");
  CAF_CHECK_EQUAL(body["stop_sequences"], parsed(R"(["END"])"));
  CAF_CHECK_EQUAL(body["temperature"], 1);
  CAF_CHECK_EQUAL(body["top_p"], 0.5);
  CAF_CHECK_EQUAL(body["metadata"], parsed(R"({"user_id":"u1"})"));
  CAF_CHECK_EQUAL(to_anthropic(R"({"temperature":0.3})")["temperature"], 0.3);
}

CAF_TEST(what Anthropic has no word for is refused by its name) {
  CAF_CHECK_EQUAL(refused_by_anthropic(R"({"seed":7})"), "seed");
  CAF_CHECK_EQUAL(refused_by_anthropic(R"({"response_format":{"type":"json_object"}})"), "response_format");
  CAF_CHECK_EQUAL(refused_by_anthropic(R"({"frequency_penalty":0.5})"), "frequency_penalty");
  CAF_CHECK_EQUAL(refused_by_anthropic(R"({"something_new":1})"), "something_new");
  CAF_CHECK_EQUAL(refused_by_anthropic(R"({"tools":[{"type":"custom","custom":{}}]})"), "tools[0].type");
  CAF_CHECK_EQUAL(refused_by_anthropic(R"({"tool_choice":{"type":"allowed_tools"}})"), "tool_choice");
  auto message = [](std::string_view text) { return refused_by_anthropic("{\"messages\":[" + std::string{text} + "]}"); };
  CAF_CHECK_EQUAL(message(R"({"role":"function","name":"f","content":"x"})"), "messages[0].role");
  CAF_CHECK_EQUAL(message(R"({"role":"user","content":[{"type":"input_audio","input_audio":{}}]})"),
                  "messages[0].content[0].type");
  CAF_CHECK_EQUAL(message(R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"ftp://x"}}]})"),
                  "messages[0].content[0].image_url.url");
  CAF_CHECK_EQUAL(message(R"({"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":"no JSON"}}]})"),
                  "messages[0].tool_calls[0].function.arguments");
}

CAF_TEST(a default said aloud is no reason to refuse) {
  CAF_CHECK_EQUAL(refused_by_anthropic(R"({"frequency_penalty":0,"presence_penalty":0.0,"logit_bias":{},"logprobs":false,"n":1,
    "response_format":{"type":"text"},"store":false,"service_tier":"auto","seed":null})"),
                  "-");
}

CAF_TEST(the estimate counts what is read and not the data of images) {
  auto bytes = [](std::string_view messages) { return prompt_bytes(*read("{\"messages\":" + std::string{messages} + "}").ask); };
  auto plain = bytes(R"([{"role":"user","content":[{"type":"text","text":"12345678"}]}])");
  CAF_CHECK_EQUAL(bytes(R"([{"role":"user","content":[{"type":"text","text":"1234567890"}]}])"), plain + 2);
  auto image =
    std::string{R"([{"role":"user","content":[{"type":"text","text":"12345678"},{"type":"image_url","image_url":{"url":"data:)"}
    + std::string(1000, 'x') + R"("}}]}])";
  CAF_CHECK_LESS(bytes(image), plain + 20);
}
