// A turn through sessions, session, coordinator and model streams, from the request to the stored answer.

#define CAF_SUITE actors.sessions.turn

#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;

CAF_TEST_FIXTURE_SCOPE(turn_tests, node_fixture)

CAF_TEST(a user message is stored before a reader can attach) {
  auto made = new_session({"m1"});
  book->hold = true;
  auto run = begin<run_opened>(sessions(), question(made.about.id, "Hello"));
  CAF_REQUIRE_EQUAL(loop.requests.size(), 1u); // the upstream is asked meanwhile
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hi"); });
  CAF_CHECK(!run->has_value());
  release_store();
  auto opened = take(run);
  CAF_REQUIRE(opened.has_value());
  CAF_CHECK(book->find(opened->user) != nullptr);
  CAF_CHECK_EQUAL(read(*opened)->text, "a0:{\"content\":\"Hi\"}\n");
}

CAF_TEST(a finish is sent only after the answer is stored) {
  auto made = new_session({"m1"});
  auto opened = ask<run_opened>(sessions(), question(made.about.id, "Hello"));
  CAF_REQUIRE(opened.has_value());
  auto log = read(*opened);
  book->hold = true;
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hi"), r.finish(); });
  CAF_CHECK_EQUAL(log->text, "a0:{\"content\":\"Hi\"}\n");
  CAF_CHECK(!log->ended());
  release_store();
  CAF_CHECK(log->ended());
  CAF_CHECK(log->text.find("ad:{\"finishReason\":\"stop\"") != std::string::npos);
  auto* stored = book->find(opened->answers[0].id);
  CAF_REQUIRE(stored != nullptr);
  CAF_CHECK_EQUAL(stored->content, "Hi");
  CAF_CHECK(stored->status == message_status::success);
}

CAF_TEST(a turn ends only after both answers have finished) {
  auto made = new_session({"m1", "m2"});
  auto opened = ask<run_opened>(sessions(), question(made.about.id, "Hello"));
  CAF_REQUIRE(opened.has_value());
  auto log = read(*opened);
  upstream_does(0, [](auto& r) { r.accept(), r.text("fast"), r.finish(); });
  CAF_CHECK(log->text.find("ad:") != std::string::npos);
  CAF_CHECK(!log->ended());
  upstream_does(1, [](auto& r) { r.accept(), r.text("slow"); });
  CAF_CHECK(log->text.find("b0:{\"content\":\"slow\"}") != std::string::npos);
  upstream_does(1, [](auto& r) { r.finish(); });
  CAF_CHECK(log->ended());
  CAF_CHECK(log->text.find("bd:") != std::string::npos);
}

CAF_TEST(the second turn is sent the text of the first) {
  auto made = new_session({"m1"});
  auto first = ask<run_opened>(sessions(), question(made.about.id, "One"));
  CAF_REQUIRE(first.has_value());
  upstream_does(0, [](auto& r) { r.accept(), r.text("Uno"), r.finish(); });
  auto second = ask<run_opened>(sessions(), question(made.about.id, "Two"));
  CAF_REQUIRE(second.has_value());
  auto& body = loop.requests.at(1)->what.body;
  CAF_CHECK(body.find("One") < body.find("Uno"));
  CAF_CHECK(body.find("Uno") < body.find("Two"));
  CAF_CHECK_EQUAL(book->loads, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
