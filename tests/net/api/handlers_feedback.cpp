#define CAF_SUITE net.api.handlers_feedback

#include "net/server/error_response.hpp"
#include "tests/net/api/handlers_fixture.hpp"

using namespace parley;
using namespace parley::net;

namespace {

std::string body(const std::string& choice) {
  return std::string{R"({"turn_id":")"} + message_text + R"(","preference":)" + choice + "}";
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(feedback_handlers, handlers_fixture)

CAF_TEST(a vote is read) {
  auto read = [this](const std::string& choice) {
    served("POST", "/api/feedback/", body("\"" + choice + "\""));
    CAF_CHECK(asked<cast_vote>().id == a_message);
    return name(asked<cast_vote>().choice);
  };
  for (auto choice : {"a", "b", "h", "tie", "both_bad"})
    CAF_CHECK_EQUAL(read(choice), choice);
  CAF_CHECK_EQUAL(read("left"), "a");
  CAF_CHECK_EQUAL(read("right"), "b");
}

CAF_TEST(what is wrong with a vote is named) {
  auto wrong = [this](const std::string& what) { return refusal("POST", "/api/feedback/", what); };
  CAF_CHECK_EQUAL(wrong("{}"), "invalid_request turn_id");
  CAF_CHECK_EQUAL(wrong(R"({"turn_id":"x","preference":"a"})"), "invalid_request turn_id");
  CAF_CHECK_EQUAL(wrong(std::string{R"({"turn_id":")"} + message_text + "\"}"), "invalid_request preference");
  for (auto choice : {"\"i\"", "\"A\"", "\"\"", "\"centre\"", "7", "null", "[\"a\"]"})
    CAF_CHECK_EQUAL(wrong(body(choice)), "invalid_request preference");
}

CAF_TEST(a vote is answered with itself and the session as it shows then) {
  play->voted.id = *parse_id<vote_id>(other_text);
  play->voted.turn = *parse_id<turn_id>(message_text);
  play->voted.given = {*parse_preference("b"), true, 1'795'383'605'123};
  play->voted.about.about.id = a_session;
  play->voted.about.about.mode = session_mode::random;
  play->voted.about.about.models = {{"fast", "Fast"}, {"slow", "Slow"}};
  auto ex = served("POST", "/api/feedback/", body("\"b\""));
  CAF_REQUIRE(ex.answered.has_value());
  CAF_CHECK_EQUAL(ex.answered->status, 201);
  json_object wanted;
  wanted["id"] = other_text;
  wanted["session_id"] = session_text;
  wanted["turn_id"] = message_text;
  wanted["preference"] = "b";
  wanted["counted"] = true;
  wanted["created_at"] = "2026-11-22T21:40:05.123Z";
  wanted["session"] = to_json(play->voted.about);
  CAF_CHECK_EQUAL(ex.answered->body, line_of(wanted));
}

CAF_TEST(a second vote is a conflict) {
  play->fails = failure{ec::already_voted, "There is a vote on this turn already.", "turn_id"};
  CAF_CHECK_EQUAL(served("POST", "/api/feedback/", body("\"a\"")).refusal(), "already_voted turn_id");
  CAF_CHECK_EQUAL(http_status(ec::already_voted), 409);
}

CAF_TEST_FIXTURE_SCOPE_END()
