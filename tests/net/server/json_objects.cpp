#define CAF_SUITE net.server.json_objects

#include "net/server/json_objects.hpp"

#include "core/blinding.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;

namespace {

template <class Id>
Id id_of(std::string_view last_digit) {
  return *parse_id<Id>("0190b6f0-7c1e-7d5a-9f3e-00000000000" + std::string{last_digit});
}

session_view make_view() {
  session_view view;
  view.about.id = id_of<session_id>("1");
  view.about.mode = session_mode::compare;
  view.about.title = "Hello";
  view.about.models = {{"fast", "Fast One"}, {"slow", "Slow One"}};
  view.about.created_at = 1'795'383'605'123;
  view.about.updated_at = 1'795'383'606'000;
  return view;
}

message make_answer() {
  message what;
  what.id = id_of<message_id>("3");
  what.session = id_of<session_id>("1");
  what.turn = id_of<turn_id>("4");
  what.parent = id_of<message_id>("2");
  what.role = message_role::assistant;
  what.seat = participant{1};
  what.attempt = 2;
  what.run = id_of<run_id>("5");
  what.content = "Hi \"there\"\n";
  what.reasoning = "Hm.";
  what.tool_calls = {{"call_1", "find", R"({"q":1})"}};
  what.status = message_status::failed;
  what.finish = finish_reason::error;
  what.error = answer_error{ec::upstream_timeout, "The model went silent."};
  what.model = model_label{"slow", "Slow One"};
  what.usage = token_usage{9, 2, true};
  what.latency = answer_latency{120, 900};
  what.created_at = 1'795'383'605'123;
  what.completed_at = 1'795'383'606'023;
  return what;
}

} // namespace

CAF_TEST(a session at rest) {
  CAF_CHECK_EQUAL(to_text(to_json(make_view())),
                  R"({"id":"0190b6f0-7c1e-7d5a-9f3e-000000000001","mode":"compare","title":"Hello",)"
                  R"("models":[{"participant":"a","id":"fast","display_name":"Fast One"},)"
                  R"({"participant":"b","id":"slow","display_name":"Slow One"}],)"
                  R"("system_prompt":"","parameters":{},)"
                  R"("created_at":"2026-11-22T21:40:05.123Z","updated_at":"2026-11-22T21:40:06.000Z","running":null})");
}

CAF_TEST(a session with a run under way and all parameters) {
  auto view = make_view();
  view.about.system_prompt = "Be brief.";
  view.about.parameters = {0.5, 1.0, 100, {"END", "\n"}};
  view.running = running_turn{id_of<turn_id>("4"), id_of<run_id>("5")};
  auto object = to_json(view);
  CAF_CHECK_EQUAL(to_text(object["parameters"]), R"({"temperature":0.5,"top_p":1.0,"max_tokens":100,"stop":["END","\n"]})");
  CAF_CHECK_EQUAL(to_text(object["system_prompt"]), R"("Be brief.")");
  CAF_CHECK_EQUAL(to_text(object["running"]), R"({"turn_id":"0190b6f0-7c1e-7d5a-9f3e-000000000004",)"
                                              R"("run_id":"0190b6f0-7c1e-7d5a-9f3e-000000000005",)"
                                              R"("cursor":"0190b6f0-7c1e-7d5a-9f3e-000000000005:0"})");
}

CAF_TEST(an answer with everything) {
  CAF_CHECK_EQUAL(to_text(to_json(make_answer())),
                  R"({"id":"0190b6f0-7c1e-7d5a-9f3e-000000000003","session_id":"0190b6f0-7c1e-7d5a-9f3e-000000000001",)"
                  R"("turn_id":"0190b6f0-7c1e-7d5a-9f3e-000000000004","parent_id":"0190b6f0-7c1e-7d5a-9f3e-000000000002",)"
                  R"("role":"assistant","participant":"b","attempt":2,"content":"Hi \"there\"\n","reasoning":"Hm.",)"
                  R"("tool_calls":[{"id":"call_1","name":"find","arguments":"{\"q\":1}"}],)"
                  R"("status":"failed","finish_reason":"error",)"
                  R"("error":{"code":"upstream_timeout","message":"The model went silent."},)"
                  R"("model":{"id":"slow","display_name":"Slow One"},)"
                  R"("usage":{"prompt_tokens":9,"completion_tokens":2,"source":"reported"},)"
                  R"("latency_ms":{"first_token":120,"total":900},)"
                  R"("created_at":"2026-11-22T21:40:05.123Z","completed_at":"2026-11-22T21:40:06.023Z"})");
}

CAF_TEST(what a message does not have is null) {
  message what;
  what.id = id_of<message_id>("2");
  what.session = id_of<session_id>("1");
  what.content = "Hello";
  what.created_at = 1'795'383'605'123;
  CAF_CHECK_EQUAL(to_text(to_json(what)),
                  R"({"id":"0190b6f0-7c1e-7d5a-9f3e-000000000002","session_id":"0190b6f0-7c1e-7d5a-9f3e-000000000001",)"
                  R"("turn_id":null,"parent_id":null,"role":"user","participant":null,"attempt":1,"content":"Hello",)"
                  R"("reasoning":null,"tool_calls":[],"status":"success","finish_reason":null,"error":null,"model":null,)"
                  R"("usage":null,"latency_ms":null,"created_at":"2026-11-22T21:40:05.123Z","completed_at":null,"vote":null})");
}

CAF_TEST(a question has the vote on its turn) {
  message what;
  what.vote = turn_vote{*parse_preference("both_bad"), true, 1'795'383'605'123};
  CAF_CHECK_EQUAL(to_text(to_json(what)["vote"]),
                  R"({"preference":"both_bad","counted":true,"created_at":"2026-11-22T21:40:05.123Z"})");
}

CAF_TEST(a blind session has seats without names) {
  auto view = make_view();
  view.about.mode = session_mode::random;
  view.about.blind = true;
  CAF_CHECK_EQUAL(to_text(to_json(view)["models"]), R"([{"participant":"a","id":null,"display_name":null},)"
                                                    R"({"participant":"b","id":null,"display_name":null}])");
  CAF_CHECK_EQUAL(to_text(to_json(view)["mode"]), "\"random\"");
}

CAF_TEST(a blind answer shows its text and its state and nothing of its model) {
  auto seen = make_answer();
  for (auto& call : seen.tool_calls) // as a run of a blind session calls them
    call.id = blind_call_id(1);
  auto what = seen;
  what.blind = true;
  auto wanted = to_json(seen);
  for (auto field : {"model", "usage", "latency_ms", "completed_at"})
    wanted[field] = nullptr;
  wanted["error"]["message"] = "The provider took too long.";
  CAF_CHECK_EQUAL(to_text(to_json(what)), to_text(wanted));
}

CAF_TEST(an estimate says so and an answer without text has no first token) {
  auto what = make_answer();
  what.usage->reported = false;
  what.latency->first_token.reset();
  auto object = to_json(what);
  CAF_CHECK_EQUAL(to_text(object["usage"]["source"]), R"("estimated")");
  CAF_CHECK_EQUAL(to_text(object["latency_ms"]), R"({"first_token":null,"total":900})");
}

CAF_TEST(a model shows neither its key nor its address) {
  upstream at;
  at.provider = "openai";
  at.base_url = "https://api.example.org/v1";
  at.api_key = "sk-secret";
  model entry;
  entry.id = "fast";
  entry.display_name = "Fast One";
  entry.upstream_name = "fast-2026";
  entry.at = std::make_shared<upstream>(at);
  entry.available = false;
  CAF_CHECK_EQUAL(to_text(to_json(entry)),
                  R"({"id":"fast","display_name":"Fast One","provider":"openai","context_tokens":null,"available":false})");
  entry.context_tokens = 128'000;
  CAF_CHECK_EQUAL(to_text(to_json(entry)["context_tokens"]), "128000");
}

CAF_TEST(a list names the next page only if there is one) {
  std::vector<message> none;
  CAF_CHECK_EQUAL(to_text(list_object(none, false)), R"({"data":[],"next":null})");
  std::vector<message> page{make_answer()};
  CAF_CHECK_EQUAL(to_text(list_object(page, false)["next"]), "null");
  CAF_CHECK_EQUAL(to_text(list_object(page, true)["next"]), R"("0190b6f0-7c1e-7d5a-9f3e-000000000003")");
  CAF_CHECK_EQUAL(list_object(page, true)["data"].size(), 1U);
}

CAF_TEST(text that is no text becomes the replacement character) {
  auto what = make_answer();
  what.content = "a\xFF"
                 "b";
  CAF_CHECK_EQUAL(to_text(to_json(what)["content"]), "\"a\xEF\xBF\xBD"
                                                     "b\"");
}
