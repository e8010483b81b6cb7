#define CAF_SUITE net.api.handlers_node

#include "tests/net/api/handlers_fixture.hpp"

using namespace parley;
using namespace parley::net;

CAF_TEST_FIXTURE_SCOPE(node_handlers, handlers_fixture)

CAF_TEST(the catalogue is listed with what is not available) {
  auto ex = served("GET", "/api/models/");
  CAF_REQUIRE(ex.answered);
  CAF_CHECK_EQUAL(ex.answered->body, line_of(list_object(api->node->models.all(), false)));
  auto first = served("GET", "/api/models/?limit=2");
  CAF_CHECK_NOT_EQUAL(first.answered->body.find(R"("next":"slow")"), std::string::npos);
  auto rest = served("GET", "/api/models/?limit=2&after=slow");
  CAF_CHECK_EQUAL(rest.answered->body, R"({"data":[{"id":"absent","display_name":"The absent one","provider":"demo",)"
                                       R"("context_tokens":null,"available":false}],"next":null})"
                                       "\n");
}

CAF_TEST(health is that of the store) {
  auto well = served("GET", "/health/");
  CAF_CHECK_EQUAL(well.answered->status, 200);
  CAF_CHECK_EQUAL(well.answered->body,
                  R"({"status":"ok","async_enabled":true,"version":"1.2.3","node":"n1","checks":{"store":"ok"}})"
                  "\n");
  play->store_is_there = false;
  auto ill = served("GET", "/health/");
  CAF_CHECK_EQUAL(ill.answered->status, 503);
  CAF_CHECK_EQUAL(
    ill.answered->body,
    R"({"status":"failing","async_enabled":true,"version":"1.2.3","node":"n1","checks":{"store":"store_unavailable"}})"
    "\n");
}

CAF_TEST(a node is ready until it drains or loses its store) {
  CAF_CHECK_EQUAL(served("GET", "/ready/").refusal(), "");
  play->store_is_there = false;
  CAF_CHECK_EQUAL(served("GET", "/ready/").refusal(), "unavailable");
  play->store_is_there = true;
  *draining = true;
  CAF_CHECK_EQUAL(served("GET", "/ready/").refusal(), "unavailable");
  CAF_CHECK_EQUAL(served("GET", "/live/").refusal(), "");
  CAF_CHECK_EQUAL(served("GET", "/health/").refusal(), "");
}

CAF_TEST(a store that says nothing for a second is not there) {
  play->store_is_silent = true;
  for (auto path : {"/ready/", "/health/"}) {
    auto ex = make_exchange("GET", path);
    serve(ex);
    advance_time(std::chrono::milliseconds{999});
    consume_messages();
    CAF_CHECK_EQUAL(ex.answers(), 0);
    advance_time(std::chrono::milliseconds{1});
    consume_messages();
    CAF_REQUIRE_EQUAL(ex.answers(), 1);
    CAF_CHECK_EQUAL(ex.answered ? ex.answered->status : 503, 503);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
