#define CAF_SUITE net.api.ui_chat_request

#include "net/api/ui_chat_request.hpp"

#include <caf/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace parley;
using namespace parley::net;

namespace {

constexpr auto session_text = "0190b6f0-7c1e-7d5a-9f3e-000000000001";
constexpr auto answer_text = "0190b6f0-7c1e-7d5a-9f3e-000000000002";
constexpr auto own_text = "0190b6f0-7c1e-7d5a-9f3e-000000000003";

const auto a_session = *parse_id<session_id>(session_text);
const auto an_answer = *parse_id<message_id>(answer_text);
const auto own_id = *parse_id<message_id>(own_text);

using nlohmann::json;

json shown(std::string role, std::string id, std::string text) {
  return {{"id", std::move(id)}, {"role", std::move(role)}, {"parts", {{{"type", "text"}, {"text", std::move(text)}}}}};
}

json body_of(std::string trigger, json messages, json named = nullptr) {
  return {
    {"id", session_text}, {"trigger", std::move(trigger)}, {"messages", std::move(messages)}, {"messageId", std::move(named)}};
}

ui_chat_request read(const json& body) {
  request_check check;
  auto wanted = read_ui_chat(check, body);
  CAF_CHECK(check.ok());
  return wanted;
}

} // namespace

CAF_TEST(only the body of a chat has a trigger) {
  CAF_CHECK(is_ui_chat(body_of("submit-message", json::array())));
  CAF_CHECK(!is_ui_chat({{"session_id", session_text}, {"messages", json::array()}}));
}

CAF_TEST(an id that follows from a text is the same wherever it is made) {
  CAF_CHECK_EQUAL(to_string(derived_id(a_session, "msg-1", "Hello")), "a6ed9047-e077-89c3-baf1-8155dc3d8782");
  CAF_CHECK(derived_id(a_session, "msg-1", "Hello") != derived_id(a_session, "msg-1", "Hello!"));
  CAF_CHECK(derived_id(a_session, "msg-1", "Hello") != derived_id(a_session, "msg-", "1Hello"));
  CAF_CHECK(derived_id(a_session, "msg-1", "Hello") != derived_id(session_id{own_id.bytes}, "msg-1", "Hello"));
}

CAF_TEST(a new question keeps the UUID that the client gave it) {
  auto wanted = read(body_of("submit-message", {shown("user", own_text, "Hello")}));
  CAF_CHECK(wanted.session_key == a_session);
  CAF_CHECK_EQUAL(wanted.question, "Hello");
  CAF_CHECK(wanted.question_id == own_id);
  CAF_CHECK(!wanted.parent);
  CAF_CHECK(!wanted.edited);
  CAF_CHECK(!wanted.again);
  CAF_CHECK(!wanted.cancel_on_disconnect);
}

CAF_TEST(an id that is no UUID stands for one) {
  auto wanted = read(body_of("submit-message", {shown("user", "msg-1", "Hello")}));
  CAF_CHECK(wanted.question_id == derived_id(a_session, "msg-1", "Hello"));
}

CAF_TEST(a question follows the answer that is shown above it) {
  auto older = shown("assistant", own_text, "A0");
  auto newest = shown("assistant", answer_text, "A1");
  auto question = shown("user", "q2", "Next");
  CAF_CHECK(read(body_of("submit-message", {shown("user", "q0", "Q"), older, shown("user", "q1", "Q"), newest, question})).parent
            == an_answer);
  // One that failed before it had an answer is passed over.
  CAF_CHECK(read(body_of("submit-message", {newest, shown("user", "q1", "Lost"), question})).parent == an_answer);
  // What the application says itself is no answer of ours.
  CAF_CHECK(!read(body_of("submit-message", {shown("assistant", "greeting", "Hi!"), question})).parent);
}

CAF_TEST(a question that was edited is a new one) {
  auto wanted = read(body_of("submit-message", {shown("user", own_text, "Hello again")}, own_text));
  CAF_CHECK(wanted.edited);
  CAF_CHECK(wanted.question_id == derived_id(a_session, own_text, "Hello again"));
}

CAF_TEST(an answer is made anew by its own id or by its question) {
  auto question = shown("user", own_text, "Hello");
  auto by_answer = read(body_of("regenerate-message", {question}, answer_text));
  CAF_CHECK(by_answer.again);
  CAF_CHECK(by_answer.answer == an_answer);
  for (auto& named : {json(nullptr), json(own_text)}) {
    auto by_question = read(body_of("regenerate-message", {question}, named));
    CAF_CHECK(by_question.again);
    CAF_CHECK(!by_question.answer);
    CAF_CHECK(!by_question.edited);
    CAF_CHECK(by_question.known_as == (std::vector{derived_id(a_session, own_text, "Hello"), own_id}));
  }
  CAF_CHECK(!read(body_of("regenerate-message", {shown("user", "q", "Hello")}, "gone")).answer);
}

CAF_TEST(the text of several parts is one text and other parts are not for the model) {
  auto question = shown("user", "q", "One");
  question["parts"].push_back({{"type", "data-mood"}, {"data", 1}});
  question["parts"].push_back({{"type", "text"}, {"text", "Two"}});
  CAF_CHECK_EQUAL(read(body_of("submit-message", {question})).question, "One\nTwo");
}
