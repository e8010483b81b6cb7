// A log that is served: who is watched for how long, heartbeats, and when nobody needs it any more.

#define CAF_SUITE actors.runs.log_server

#include "actors/runs/log_server.hpp"
#include "tests/support/broken.hpp"
#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

/// Keeps what the log does to readers.
struct fake_host final : log_host {
  void send(const reader_actor&, log_piece piece) override {
    text += *piece.bytes;
    ends += piece.ends;
  }
  void watch(const reader_actor&) override { ++watched; }
  void unwatch(const caf::actor_addr&) override { --watched; }

  std::string text;
  int ends = 0;
  int watched = 0;
};

struct direct_reader final : piece_taker {
  void take(const log_piece& piece) override { text += *piece.bytes; }
  std::string text;
};

struct fixture : node_fixture {
  fixture() {
    log.introduce(0, new_id<message_id>(), 1);
    log.introduce(1, new_id<message_id>(), 1);
    log.publish(loop.now());
  }

  void attach(std::uint64_t stream, std::uint64_t from = 0) { log.attach({someone, stream, &wire::lines_stream(), from}); }

  void say(std::string text, participant who = 0) {
    log.append(who, answer_delta{event_kind::text, std::move(text)});
    log.publish(loop.now());
  }

  void finish(participant who) { log.append(who, answer_finish{}); }

  void finish_all() {
    finish(0);
    finish(1);
    log.finish(false);
  }

  received_ptr nobody = std::make_shared<received_log>();
  reader_actor someone = ends(spawn_reader(sys, nobody));
  fake_host host;
  log_server log{new_id<run_id>(), node->bounds, &loop, host};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(log_server_tests, fixture)

CAF_TEST(a log goes once it is complete and forgotten and read) {
  attach(1);
  say("one");
  log.forget();
  CAF_CHECK(!log.is_over());
  finish_all();
  CAF_CHECK(log.is_complete());
  CAF_CHECK(log.empty()); // its reader has read it to the end
  CAF_CHECK(log.is_over());
}

CAF_TEST(a forgotten log waits for a slow reader) {
  node->bounds.reader_window_bytes = 10;
  log_server slow{new_id<run_id>(), node->bounds, &loop, host};
  slow.introduce(0, new_id<message_id>(), 1);
  slow.attach({someone, 1, &wire::lines_stream(), 0});
  for (int i = 0; i < 3; ++i) {
    slow.append(0, answer_delta{event_kind::text, "more than the window"});
    slow.publish(loop.now());
  }
  slow.append(0, answer_finish{});
  slow.finish(false);
  slow.forget();
  CAF_CHECK(!slow.is_over());
  for (int i = 0; i < 10; ++i)
    slow.credit(someone.address(), {1, 1000});
  CAF_CHECK(slow.is_over());
  CAF_CHECK_EQUAL(host.ends, 1);
}

CAF_TEST(a participant that finishes twice breaks it) {
  finish(0);
  CAF_CHECK(breaks("a participant finishes exactly once in a run", [&] { finish(0); }));
}

CAF_TEST(who was not introduced cannot finish) {
  CAF_CHECK(breaks("a participant finishes exactly once in a run", [&] { finish(2); }));
}

CAF_TEST(a log that ends before each participant has finished breaks it) {
  finish(0);
  CAF_CHECK(breaks("a log is complete once each participant has finished", [&] { log.finish(false); }));
}

CAF_TEST(nothing follows the end of a log) {
  finish_all();
  CAF_CHECK(breaks("nothing is appended to a log that is complete", [&] { say("late"); }));
}

CAF_TEST(a complete log is kept until it is forgotten) {
  finish_all();
  CAF_CHECK(!log.is_over());
  attach(1);
  CAF_CHECK_EQUAL(host.ends, 1);
  CAF_CHECK(!log.is_over());
  log.forget();
  CAF_CHECK(log.is_over());
}

CAF_TEST(a reader is watched as long as it reads any of its streams) {
  attach(1);
  attach(2);
  CAF_CHECK_EQUAL(host.watched, 2);
  log.detach(someone.address(), {1});
  CAF_CHECK_EQUAL(host.watched, 2); // a death must still be heard of
  log.detach(someone.address(), {2});
  CAF_CHECK_EQUAL(host.watched, 1);
  CAF_CHECK(log.empty());
}

CAF_TEST(a reader that died reads nothing more) {
  attach(1);
  attach(2);
  CAF_CHECK(log.reader_died(someone.address()));
  CAF_CHECK(log.empty());
  CAF_CHECK(!log.reader_died(someone.address()));
  say("late");
  CAF_CHECK(host.text.empty());
}

CAF_TEST(a reader on the same loop is handed its pieces by a call) {
  direct_reader here;
  log.attach({someone, 1, &wire::lines_stream(), 0, &loop, &here});
  fake_loop other;
  direct_reader elsewhere;
  log.attach({someone, 2, &wire::lines_stream(), 0, &other, &elsewhere});
  say("hi");
  CAF_CHECK_EQUAL(here.text, "a0:{\"content\":\"hi\"}\n");
  CAF_CHECK(elsewhere.text.empty());
  CAF_CHECK_EQUAL(host.text, here.text);
}

CAF_TEST(silence is told by a heartbeat of the first who has not finished) {
  attach(1);
  CAF_CHECK(log.next_beat() == loop.now() + node->bounds.heartbeat);
  CAF_CHECK(!log.beat(loop.now() + node->bounds.heartbeat - 1ms));
  loop.advance(node->bounds.heartbeat);
  CAF_CHECK(log.beat(loop.now()));
  CAF_CHECK_EQUAL(host.text, "a2:[{\"type\":\"heartbeat\"}]\n");
  CAF_CHECK(!log.beat(loop.now()));
  finish(0);
  log.publish(loop.now());
  host.text.clear();
  loop.advance(node->bounds.heartbeat);
  CAF_CHECK(log.beat(loop.now()));
  CAF_CHECK_EQUAL(host.text, "b2:[{\"type\":\"heartbeat\"}]\n");
  finish(1);
  log.finish(false);
  CAF_CHECK(log.next_beat() == steady::time_point::max());
}

CAF_TEST(what is said puts the heartbeat off) {
  loop.advance(10s);
  say("here");
  CAF_CHECK(log.next_beat() == loop.now() + node->bounds.heartbeat);
}

CAF_TEST(an offset that is not there yet cannot be read from) {
  say("one");
  CAF_CHECK(log.reaches(0).has_value());
  CAF_CHECK(log.reaches(1).has_value());
  auto beyond = log.reaches(2);
  CAF_REQUIRE(!beyond);
  CAF_CHECK(beyond.error().code == ec::invalid_request);
  CAF_CHECK_EQUAL(beyond.error().param, "from");
}

CAF_TEST_FIXTURE_SCOPE_END()
