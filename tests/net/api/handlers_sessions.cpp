#define CAF_SUITE net.api.handlers_sessions

#include "tests/net/api/handlers_fixture.hpp"

using namespace parley;
using namespace parley::net;

namespace {

std::string with_parameters(const std::string& parameters) {
  return R"({"mode":"direct","models":["fast"],"parameters":)" + parameters + "}";
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_handlers, handlers_fixture)

CAF_TEST(a session is made with all that may be given) {
  play->view.about.id = a_session;
  auto ex = served("POST", "/api/sessions/",
                   R"({"mode":"compare","models":["fast","slow","fast"],"title":"T","system_prompt":"S","x":null,)"
                   R"("parameters":{"temperature":2,"top_p":0.5,"max_tokens":1,"stop":["a","b","c","d"]}})");
  auto made = asked<make_session>();
  CAF_CHECK(made.mode == session_mode::compare);
  CAF_CHECK_EQUAL(made.models, (std::vector<std::string>{"fast", "slow", "fast"}));
  CAF_CHECK(made.given.title == "T");
  CAF_CHECK(made.given.system_prompt == "S");
  CAF_REQUIRE(made.given.parameters);
  CAF_CHECK(*made.given.parameters == (sampling_parameters{2, 0.5, 1, {"a", "b", "c", "d"}}));
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->status, 201);
  CAF_CHECK_EQUAL(ex.answered->body, line_of(to_json(play->view)));
  CAF_CHECK_EQUAL(ex.answer_header("Location"), session_path);
}

CAF_TEST(a session is made with what must be given) {
  served("POST", "/api/sessions/", R"({"mode":"direct","models":["fast"],"title":null})");
  auto made = asked<make_session>();
  CAF_CHECK(made.mode == session_mode::direct);
  CAF_CHECK(!made.given.title);
  CAF_CHECK(!made.given.system_prompt);
  CAF_CHECK(!made.given.parameters);
}

CAF_TEST(each wrong field of a session is named) {
  auto wrong = [&](const std::string& body) { return refusal("POST", "/api/sessions/", body); };
  CAF_CHECK_EQUAL(wrong(R"({"models":["fast"]})"), "invalid_request mode");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"both","models":["fast"]})"), "invalid_request mode");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"direct"})"), "invalid_request models");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"direct","models":"fast"})"), "invalid_request models");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"direct","models":[]})"), "invalid_request models");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"direct","models":["fast","slow"]})"), "invalid_request models");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"compare","models":["fast"]})"), "invalid_request models");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"compare","models":["fast","fast","fast","fast","fast","fast","fast","fast","fast"]})"),
                  "invalid_request models");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"compare","models":["fast",7]})"), "invalid_request models[1]");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"compare","models":["fast","unheard-of"]})"), "invalid_request models[1]");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"compare","models":["fast","absent"]})"), "invalid_request models[1]");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"direct","models":["fast"],"title":7})"), "invalid_request title");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"direct","models":["fast"],"title":")" + std::string(1025, 'x') + "\"}"),
                  "invalid_request title");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"direct","models":["fast"],"system_prompt":{}})"), "invalid_request system_prompt");
  CAF_CHECK_EQUAL(wrong(R"({"mode":"direct","models":["fast"],"system_prompt":")" + std::string(256 * 1024 + 1, 'x') + "\"}"),
                  "invalid_request system_prompt");
  CAF_CHECK_EQUAL(wrong(with_parameters("[]")), "invalid_request parameters");
}

CAF_TEST(the models of a random session are not for the client to choose) {
  CAF_CHECK_EQUAL(refusal("POST", "/api/sessions/", R"({"mode":"random","models":["fast","slow"]})"), "invalid_request models");
  CAF_CHECK_EQUAL(refusal("POST", "/api/sessions/", R"({"mode":"random","models":[]})"), "invalid_request models");
  served("POST", "/api/sessions/", R"({"mode":"random","models":null,"title":"T"})");
  CAF_CHECK(asked<make_session>().mode == session_mode::random);
  CAF_CHECK(asked<make_session>().models.empty());
  CAF_CHECK(asked<make_session>().given.title == "T");
}

CAF_TEST(each wrong parameter is named) {
  auto wrong = [&](const std::string& parameters) { return refusal("POST", "/api/sessions/", with_parameters(parameters)); };
  for (auto value : {"-0.1", "2.1", "\"1\"", "true", "[]"})
    CAF_CHECK_EQUAL(wrong(std::string{"{\"temperature\":"} + value + "}"), "invalid_request parameters.temperature");
  for (auto value : {"-0.1", "1.1", "\"1\""})
    CAF_CHECK_EQUAL(wrong(std::string{"{\"top_p\":"} + value + "}"), "invalid_request parameters.top_p");
  for (auto value : {"0", "-1", "1.5", "\"1\"", "2147483648", "18446744073709551615", "9223372036854775808"})
    CAF_CHECK_EQUAL(wrong(std::string{"{\"max_tokens\":"} + value + "}"), "invalid_request parameters.max_tokens");
  CAF_CHECK_EQUAL(wrong(R"({"stop":"x"})"), "invalid_request parameters.stop");
  CAF_CHECK_EQUAL(wrong(R"({"stop":["1","2","3","4","5"]})"), "invalid_request parameters.stop");
  CAF_CHECK_EQUAL(wrong(R"({"stop":["1",2]})"), "invalid_request parameters.stop[1]");
  CAF_CHECK_EQUAL(wrong(R"({"stop":["1",""]})"), "invalid_request parameters.stop[1]");
  CAF_CHECK_EQUAL(wrong(R"({"temprature":1})"), "invalid_request parameters.temprature");
}

CAF_TEST(the extremes of the parameters are allowed) {
  for (auto parameters : {R"({"temperature":0,"top_p":0,"max_tokens":1,"stop":[]})",
                          R"({"temperature":2.0,"top_p":1.0,"max_tokens":2147483647,"stop":["1","2","3","4"]})",
                          R"({"temperature":null,"top_p":null,"max_tokens":null,"stop":null})", "{}"}) {
    auto ex = served("POST", "/api/sessions/", with_parameters(parameters));
    CAF_CHECK_EQUAL(ex.refusal(), "");
  }
}

CAF_TEST(sessions are listed page by page) {
  session_view view;
  view.about.id = a_session;
  play->sessions = {{view}, true};
  auto ex = served("GET", std::string{"/api/sessions/?limit=1&after="} + session_text);
  CAF_CHECK_EQUAL(asked<browse_sessions>().page.limit, 1);
  CAF_CHECK(asked<browse_sessions>().page.after == a_session);
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->body, line_of(list_object(play->sessions.data, true)));
  served("GET", "/api/sessions/");
  CAF_CHECK_EQUAL(asked<browse_sessions>().page.limit, 50);
  CAF_CHECK(!asked<browse_sessions>().page.after);
}

CAF_TEST(each wrong part of a page is named) {
  for (auto path : {std::string{"/api/sessions/"}, session_path + "messages/", std::string{"/api/models/"}}) {
    for (auto limit : {"0", "201", "-1", "x", "", "1e2"})
      CAF_CHECK_EQUAL(refusal("GET", path + "?limit=" + limit), "invalid_request limit");
    CAF_CHECK_EQUAL(refusal("GET", path + "?after=x"), "invalid_request after");
  }
}

CAF_TEST(a session is shown and changed and removed) {
  play->view.about.id = a_session;
  auto shown = served("GET", session_path);
  CAF_CHECK(asked<show_session>().id == a_session);
  CAF_CHECK_EQUAL(shown.answered->body, line_of(to_json(play->view)));

  auto changed = served("PATCH", session_path, R"({"title":"","parameters":{"temperature":1}})");
  auto wanted = asked<change_session>();
  CAF_CHECK(wanted.id == a_session);
  CAF_CHECK(wanted.wanted.title == "");
  CAF_CHECK(!wanted.wanted.system_prompt);
  CAF_REQUIRE(wanted.wanted.parameters);
  CAF_CHECK(wanted.wanted.parameters->temperature == 1.0);
  CAF_CHECK_EQUAL(changed.answered->status, 200);

  auto removed = served("DELETE", session_path);
  CAF_CHECK(asked<remove_session>().id == a_session);
  CAF_CHECK_EQUAL(removed.answered->status, 204);
  CAF_CHECK(removed.answered->body.empty());
}

CAF_TEST(mode and models of a session stay) {
  CAF_CHECK_EQUAL(refusal("PATCH", session_path, R"({"mode":"compare"})"), "invalid_request mode");
  CAF_CHECK_EQUAL(refusal("PATCH", session_path, R"({"models":["slow"]})"), "invalid_request models");
  CAF_CHECK_EQUAL(refusal("PATCH", session_path, R"({"title":[]})"), "invalid_request title");
}

CAF_TEST(a transcript comes page by page) {
  play->found.id = a_message;
  play->transcript = {{play->found}, false};
  auto ex = served("GET", session_path + "messages/?limit=200&after=" + message_text);
  auto page = asked<show_transcript>().page;
  CAF_CHECK(page.session_key == a_session);
  CAF_CHECK_EQUAL(page.limit, 200);
  CAF_CHECK(page.after == a_message);
  CAF_CHECK_EQUAL(ex.answered->body, line_of(list_object(play->transcript.data, false)));
}

CAF_TEST_FIXTURE_SCOPE_END()
