#define CAF_SUITE net.api.handlers_messages

#include "tests/net/api/handlers_fixture.hpp"

using namespace parley;
using namespace parley::net;

namespace {

/// The body of a stream request: the session, and what is given.
std::string turn_body(const std::string& rest) {
  return std::string{R"({"session_id":")"} + session_text + "\"," + rest + "}";
}

/// With those messages.
std::string messages_body(const std::string& messages) {
  return turn_body("\"messages\":[" + messages + "]");
}

constexpr auto hello = R"({"role":"user","content":"Hello"})";

} // namespace

CAF_TEST_FIXTURE_SCOPE(message_handlers, handlers_fixture)

CAF_TEST(a body must be a JSON object) {
  for (auto body : {"", "[]", "\"x\"", "null", "{", "{}x", "{\"mode\":}", "{\"x\":1e999}"})
    CAF_CHECK_EQUAL(refusal("POST", "/api/sessions/", body), "invalid_request");
}

CAF_TEST(invalid JSON is refused with its place) {
  auto ex = served("POST", "/api/sessions/", "{\"mode\": direct}");
  CAF_REQUIRE(ex.refused);
  CAF_CHECK_EQUAL(ex.refused->message, "The body is not valid JSON, at byte 10.");
}

CAF_TEST(JSON nested too deep is refused) {
  auto nested = [](int depth) { return "{\"x\":" + std::string(depth, '[') + std::string(depth, ']') + "}"; };
  CAF_CHECK_EQUAL(refusal("POST", "/api/sessions/", nested(31)), "invalid_request mode");
  CAF_CHECK_EQUAL(refusal("POST", "/api/sessions/", nested(32)), "invalid_request");
  CAF_CHECK_EQUAL(refusal("POST", "/api/sessions/", nested(300'000)), "invalid_request");
}

CAF_TEST(text of a request becomes clean and stays otherwise as it is) {
  served("POST", "/api/messages/stream/",
         messages_body("{\"role\":\"user\",\"content\":\"a\xFF\\ud800\\u0000 \\u00e4\\ud83d\\ude00\\n\"}"));
  auto content = asked<start_turn>().messages[0].content;
  CAF_CHECK_EQUAL(content, "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD \xC3\xA4\xF0\x9F\x98\x80\n");
}

// -- POST /api/messages/stream/ ----------------------------------------------------------------------------------------

CAF_TEST(a turn goes to the sessions and comes back as a stream of lines) {
  play->run.run = a_run;
  auto ex = served("POST", "/api/messages/stream/", messages_body(hello));
  auto turn = asked<start_turn>();
  CAF_CHECK(turn.session_key == a_session);
  CAF_REQUIRE_EQUAL(turn.messages.size(), 1U);
  CAF_CHECK(turn.messages[0].role == message_role::user);
  CAF_CHECK_EQUAL(turn.messages[0].content, "Hello");
  CAF_CHECK(!turn.messages[0].id);
  CAF_CHECK(!turn.messages[0].seat);
  CAF_CHECK(!turn.parent);
  CAF_CHECK(!turn.at_root);
  CAF_CHECK(!turn.cancel_on_disconnect);
  CAF_CHECK(!turn.only_direct);
  CAF_CHECK(play->home == &home);
  CAF_REQUIRE(ex.streamed);
  CAF_CHECK(ex.streamed->run == a_run);
  CAF_CHECK(ex.streamed_as == &wire::lines_stream());
}

CAF_TEST(a turn with all that may be given) {
  auto ids = std::string{R"("parent_id":")"} + other_text + R"(","on_disconnect":"cancel","unknown":{"x":1},)";
  auto messages = std::string{R"("messages":[{"role":"system","content":"Be brief."},{"role":"assistant","content":"Hm."},)"}
                  + R"({"role":"user","content":"Hello","id":")" + message_text + R"("},)"
                  + R"({"role":"assistant","content":"","participant":"b","id":")" + other_text + R"("},)"
                  + R"({"role":"assistant","content":"","participant":null}])";
  served("POST", "/api/messages/stream/", turn_body(ids + messages));
  auto turn = asked<start_turn>();
  CAF_REQUIRE_EQUAL(turn.messages.size(), 5U);
  CAF_CHECK(turn.messages[0].role == message_role::system);
  CAF_CHECK(turn.messages[1].role == message_role::assistant);
  CAF_CHECK(turn.messages[2].id == a_message);
  CAF_CHECK(turn.messages[3].id == another);
  CAF_CHECK(turn.messages[3].seat == participant{1});
  CAF_CHECK(!turn.messages[4].seat);
  CAF_CHECK(turn.parent == another);
  CAF_CHECK(turn.cancel_on_disconnect);
}

CAF_TEST(a parent that is null in so many words asks at the root) {
  served("POST", "/api/messages/stream/", turn_body(std::string{"\"parent_id\":null,\"messages\":["} + hello + "]"));
  auto turn = asked<start_turn>();
  CAF_CHECK(!turn.parent);
  CAF_CHECK(turn.at_root);
}

CAF_TEST(the format of a stream goes by Accept) {
  auto ex = make_exchange("POST", "/api/messages/stream/", messages_body(hello));
  ex.set_header("accept", "text/event-stream");
  serve(ex);
  CAF_CHECK(ex.streamed_as == &wire::sse_stream());
}

CAF_TEST(each wrong field of a turn is named) {
  auto wrong = [&](const std::string& body) { return refusal("POST", "/api/messages/stream/", body); };
  auto wrong_message = [&](const std::string& message) { return wrong(messages_body(message)); };
  auto answer = std::string{R"({"role":"assistant","content":"")"};

  CAF_CHECK_EQUAL(wrong("{\"messages\":[]}"), "invalid_request session_id");
  CAF_CHECK_EQUAL(wrong("{\"session_id\":7}"), "invalid_request session_id");
  CAF_CHECK_EQUAL(wrong("{\"session_id\":\"7\"}"), "invalid_request session_id");
  CAF_CHECK_EQUAL(wrong(turn_body("\"x\":1")), "invalid_request messages");
  CAF_CHECK_EQUAL(wrong(turn_body("\"messages\":{}")), "invalid_request messages");
  CAF_CHECK_EQUAL(wrong_message(""), "invalid_request messages");
  CAF_CHECK_EQUAL(wrong_message("7"), "invalid_request messages[0]");
  CAF_CHECK_EQUAL(wrong_message(R"({"content":"x"})"), "invalid_request messages[0].role");
  CAF_CHECK_EQUAL(wrong_message(R"({"role":"tool","content":"x"})"), "invalid_request messages[0].role");
  CAF_CHECK_EQUAL(wrong_message(R"({"role":"user"})"), "invalid_request messages[0].content");
  CAF_CHECK_EQUAL(wrong_message(R"({"role":"user","content":null})"), "invalid_request messages[0].content");
  CAF_CHECK_EQUAL(wrong_message(R"({"role":"user","content":""})"), "invalid_request messages[0].content");
  CAF_CHECK_EQUAL(wrong_message(R"({"role":"user","content":[{"type":"text","text":"x"}]})"),
                  "invalid_request messages[0].content");
  CAF_CHECK_EQUAL(wrong_message(R"({"role":"user","content":"x","id":"y"})"), "invalid_request messages[0].id");
  CAF_CHECK_EQUAL(wrong_message(R"({"role":"user","content":"x","participant":"a"})"), "invalid_request messages[0].participant");
  CAF_CHECK_EQUAL(wrong_message(answer + R"(,"participant":"i"})"), "invalid_request messages[0].participant");
  CAF_CHECK_EQUAL(wrong_message(answer + R"(,"participant":"ab"})"), "invalid_request messages[0].participant");
  CAF_CHECK_EQUAL(wrong_message(answer + "}"), "invalid_request messages");
  CAF_CHECK_EQUAL(wrong_message(std::string{hello} + R"(,{"role":"assistant","content":"x"})"),
                  "invalid_request messages[1].role");
  CAF_CHECK_EQUAL(wrong_message(R"({"role":"system","content":"x"})"), "invalid_request messages[0].role");
  CAF_CHECK_EQUAL(wrong_message(hello + std::string{","} + answer + "}," + answer + "}"),
                  "invalid_request messages[2].participant");
  auto with_id = std::string{R"({"role":"user","content":"x","id":")"} + message_text + "\"}";
  CAF_CHECK_EQUAL(wrong_message(with_id + "," + with_id), "invalid_request messages[1].id");
  CAF_CHECK_EQUAL(wrong(turn_body(std::string{"\"parent_id\":\"x\",\"messages\":["} + hello + "]")), "invalid_request parent_id");
  CAF_CHECK_EQUAL(wrong(turn_body(std::string{"\"on_disconnect\":\"die\",\"messages\":["} + hello + "]")),
                  "invalid_request on_disconnect");
}

CAF_TEST(what the sessions refuse reaches the client as it is) {
  play->fails = failure{ec::turn_in_progress, "The session has a turn under way.", "session_id"};
  auto ex = served("POST", "/api/messages/stream/", messages_body(hello));
  CAF_CHECK_EQUAL(ex.refusal(), "turn_in_progress session_id");
  CAF_CHECK(!ex.streamed);
}

CAF_TEST(sessions that do not answer in time are unavailable) {
  play->silent = true;
  auto ex = make_exchange("POST", "/api/messages/stream/", messages_body(hello));
  serve(ex);
  CAF_CHECK_EQUAL(ex.answers(), 0);
  advance_time(defaults::actor_timeout);
  consume_messages();
  CAF_CHECK_EQUAL(ex.refusal(), "unavailable");
}

// -- the other ways to a run -------------------------------------------------------------------------------------------

CAF_TEST(stream-simple is one message for a direct session) {
  auto ex = make_exchange("POST", "/api/messages/stream-simple/", turn_body(R"("message":"Hello")"));
  ex.set_header("accept", "text/plain");
  serve(ex);
  auto turn = asked<start_turn>();
  CAF_CHECK(turn.session_key == a_session);
  CAF_CHECK(turn.only_direct);
  CAF_REQUIRE_EQUAL(turn.messages.size(), 1U);
  CAF_CHECK_EQUAL(turn.messages[0].content, "Hello");
  CAF_CHECK(ex.streamed_as == &wire::simple_stream());
}

CAF_TEST(each wrong field of stream - simple is named) {
  auto wrong = [&](const std::string& body) { return refusal("POST", "/api/messages/stream-simple/", body); };
  CAF_CHECK_EQUAL(wrong("{\"message\":\"x\"}"), "invalid_request session_id");
  CAF_CHECK_EQUAL(wrong(turn_body("\"x\":1")), "invalid_request message");
  CAF_CHECK_EQUAL(wrong(turn_body("\"message\":[\"x\"]")), "invalid_request message");
  CAF_CHECK_EQUAL(wrong(turn_body("\"message\":\"\"")), "invalid_request message");
}

CAF_TEST(regenerate needs no body) {
  auto ex = served("POST", message_path + "regenerate/");
  CAF_CHECK(asked<regenerate_answer>().id == a_message);
  CAF_CHECK(play->home == &home);
  CAF_CHECK(!asked<regenerate_answer>().cancel_on_disconnect);
  CAF_CHECK(ex.streamed.has_value());
  served("POST", message_path + "regenerate/", R"({"on_disconnect":"cancel"})");
  CAF_CHECK(asked<regenerate_answer>().cancel_on_disconnect);
  CAF_CHECK_EQUAL(refusal("POST", message_path + "regenerate/", R"({"on_disconnect":1})"), "invalid_request on_disconnect");
}

CAF_TEST(attaching begins where the client says) {
  auto from = [&](std::string target, std::string last_event_id) {
    auto ex = make_exchange("GET", std::move(target));
    if (!last_event_id.empty())
      ex.set_header("last-event-id", last_event_id);
    serve(ex);
    CAF_CHECK(ex.streamed.has_value());
    CAF_CHECK(asked<attach_to_run>().id == a_message);
    return asked<attach_to_run>().from;
  };
  auto path = message_path + "stream/";
  auto cursor = std::string{run_text} + ":17";
  CAF_CHECK_EQUAL(from(path, "").offset, 0U);
  CAF_CHECK_EQUAL(from(path + "?from=", "").offset, 0U);
  CAF_CHECK_EQUAL(from(path + "?x=1&from=42", "").offset, 42U);
  CAF_CHECK(!from(path + "?from=42", "").run);
  CAF_CHECK_EQUAL(from(path + "?from=42", cursor).offset, 17U);
  CAF_CHECK(from(path + "?from=42", cursor).run == a_run);
  CAF_CHECK(from(path + "?from=" + run_text + "%3A9", "").run == a_run);
  CAF_CHECK_EQUAL(from(path + "?from=" + run_text + "%3A9", "").offset, 9U);
}

CAF_TEST(UI messages say their version and are always told from the beginning) {
  play->run.answers = {{0, another}};
  auto ex = make_exchange("GET", message_path + "stream/?from=7");
  ex.set_header("accept", "text/event-stream; format=ui-message");
  serve(ex);
  CAF_REQUIRE(ex.streamed);
  CAF_CHECK(ex.streamed_as == &wire::ui_message_stream());
  CAF_CHECK_EQUAL(ex.answer_header("x-vercel-ai-ui-message-stream"), "v1");
  CAF_CHECK_EQUAL(asked<attach_to_run>().from.offset, 0U);
  play->run.answers.push_back({1, a_message});
  auto compares = make_exchange("GET", message_path + "stream/");
  compares.set_header("accept", "text/event-stream; format=ui-message");
  serve(compares);
  CAF_CHECK_EQUAL(compares.refusal(), "invalid_request Accept");
}

CAF_TEST(a chat that comes back is told if nothing runs) {
  auto path = std::string{"/api/messages/stream/"} + session_text + "/stream";
  auto ex = served("GET", path);
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->status, 204);
  CAF_CHECK(asked<show_session>().id == a_session);
  play->view.running = running_turn{turn_id{a_message.bytes}, a_run};
  CAF_CHECK(served("GET", path).streamed_as == &wire::ui_message_stream());
  CAF_CHECK(asked<attach_to_run>().id == a_message);
  CAF_CHECK_EQUAL(refusal("GET", "/api/messages/stream/7/stream/"), "not_found");
}

CAF_TEST(attaching at what is no offset is refused) {
  for (auto from : {"-1", "x", "1.5", "99999999999999999999999", "+1", "1 "})
    CAF_CHECK_EQUAL(refusal("GET", message_path + "stream/?from=" + from), "invalid_request from");
  auto ex = make_exchange("GET", message_path + "stream/");
  ex.set_header("last-event-id", "17");
  serve(ex);
  CAF_CHECK_EQUAL(ex.refusal(), "invalid_request Last-Event-ID");
}

CAF_TEST(stop answers with the states) {
  play->stopped.states = {{a_message, 0, message_status::failed, finish_reason::cancelled},
                          {another, 1, message_status::success, finish_reason::stop}};
  auto ex = served("POST", message_path + "stop/");
  CAF_CHECK(asked<stop_message>().id == a_message);
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->status, 200);
  CAF_CHECK_EQUAL(ex.answered->body, std::string{R"({"messages":[{"id":")"} + message_text
                                       + R"(","participant":"a","status":"failed","finish_reason":"cancelled"},{"id":")"
                                       + other_text + R"(","participant":"b","status":"success","finish_reason":"stop"}]})"
                                       + "\n");
}

CAF_TEST(a message is shown by its id) {
  play->found.id = a_message;
  play->found.content = "Hello";
  auto ex = served("GET", message_path);
  CAF_CHECK(asked<show_message>().id == a_message);
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->body, line_of(to_json(play->found)));
}

CAF_TEST(what is no id is not found) {
  for (auto path : {"/api/messages/7/", "/api/messages/7/stream/", "/api/sessions/7/", "/api/sessions/7/messages/",
                    "/api/sessions/00000000-0000-0000-0000-000000000000/"})
    CAF_CHECK_EQUAL(refusal("GET", path), "not_found");
  CAF_CHECK_EQUAL(refusal("POST", "/api/messages/7/stop/"), "not_found");
  CAF_CHECK_EQUAL(refusal("DELETE", "/api/sessions/7/"), "not_found");
}

CAF_TEST_FIXTURE_SCOPE_END()
