// What goes out together, and who gets it. With logs and sockets it is tested in tests/actors/feed.cpp.

#define CAF_SUITE actors.watching.shared_stream

#include "actors/watching/shared_stream.hpp"
#include "tests/support/broken.hpp"
#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;

namespace {

struct client final : subscriber {
  explicit client(std::uint64_t given) : named(given) {}

  std::uint64_t number() const override { return named; }
  void deliver(const frame_ptr& frames) override { got.push_back(frames); }
  std::size_t unread() const override { return behind; }
  void close(std::uint16_t, std::string_view) override {}

  std::string text() const {
    std::string result;
    for (auto& frames : got)
      result += "[" + *frames + "]";
    return result;
  }

  std::uint64_t named;
  std::size_t behind = 0;
  std::vector<frame_ptr> got;
};

frame_ptr frames(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

struct fixture : node_fixture {
  fixture() {
    node->bounds.reader_window_bytes = 20;
    node->bounds.subscriber_window_bytes = 10;
    stream = shared_stream{node->bounds};
  }

  watched_run run(std::string created) {
    auto log = ends(caf::actor_cast<log_actor>(sys.spawn([](caf::event_based_actor*) {})));
    return {new_id<run_id>(), log, frames(std::move(created))};
  }

  std::size_t say(std::string text) { return stream.take({0, frames(std::move(text)), false, ++offset}); }

  void change(std::string text, std::uint64_t except = 0) { stream.add(watched_change{frames(std::move(text)), except, false}); }

  client& to(watcher& who) {
    auto made = std::make_shared<client>(++numbers);
    who.to = made;
    return *made;
  }

  client& joins(watcher& who) {
    auto& made = to(who);
    stream.join(who);
    return made;
  }

  /// All rounds that there are.
  void serve() {
    while (stream.begin_round())
      stream.serve(stream.size(), fallen);
  }

  shared_stream stream;
  std::vector<watcher*> fallen;
  std::uint64_t offset = 0;
  std::uint64_t numbers = 0;
  watcher one;
  watcher two;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(shared_stream_tests, fixture)

CAF_TEST(what a log brought while a round was under way goes out as one) {
  auto& client = joins(one);
  stream.add(run("begin "));
  CAF_CHECK(stream.begin_next_run());
  say("a");
  serve();
  CAF_CHECK_EQUAL(client.text(), "[begin a]");
  say("b");
  say("c");
  serve();
  CAF_CHECK_EQUAL(client.text(), "[begin a][bc]");
}

CAF_TEST(pieces of a log that come out of its order break it) {
  stream.add(run("begin "));
  CAF_CHECK(stream.begin_next_run());
  say("a");
  say("b");
  offset = 0;
  CAF_CHECK(breaks("a log's pieces come in its order", [&] { say("a again"); }));
}

CAF_TEST(a single piece goes out as it is) {
  auto& first = joins(one);
  auto& second = joins(two);
  change("changed");
  serve();
  CAF_REQUIRE_EQUAL(first.got.size(), 1u);
  CAF_CHECK(first.got[0] == second.got[0]);
}

CAF_TEST(a change of the session goes alone and not to whom it excepts) {
  auto& first = joins(one);
  auto& second = joins(two);
  stream.add(run("begin"));
  stream.begin_next_run();
  change("typing", second.named);
  say("a");
  serve();
  CAF_CHECK_EQUAL(first.text(), "[begin][typing][a]");
  CAF_CHECK_EQUAL(second.text(), "[begin][a]");
}

CAF_TEST(a round has a bound) {
  auto& client = joins(one);
  stream.add(run("begin"));
  stream.begin_next_run();
  say(std::string(64 * 1024, 'x'));
  say("y");
  serve();
  CAF_REQUIRE_EQUAL(client.got.size(), 2u);
  CAF_CHECK_EQUAL(*client.got[1], "y");
}

CAF_TEST(a run begins after the end of the one before) {
  stream.add(run("first"));
  auto second = run("second");
  stream.add(second);
  CAF_CHECK(stream.begin_next_run());
  CAF_CHECK(!stream.begin_next_run());
  stream.end_run();
  CAF_CHECK(!stream.reading());
  CAF_CHECK(stream.begin_next_run());
  CAF_CHECK(stream.reading());
  CAF_CHECK(stream.log() == second.log);
  CAF_CHECK(!stream.begin_next_run());
}

CAF_TEST(the log is told of half a window and not of each piece) {
  stream.add(run("begin"));
  stream.begin_next_run();
  CAF_CHECK_EQUAL(say("12345"), 0u);
  CAF_CHECK_EQUAL(say("67890"), 10u);
  CAF_CHECK_EQUAL(say("12345"), 0u);
  CAF_CHECK_EQUAL(say(""), 0u);
}

CAF_TEST(a round is served in parts) {
  auto& first = joins(one);
  auto& second = joins(two);
  change("a");
  stream.begin_round();
  stream.serve(1, fallen);
  CAF_CHECK(stream.in_round());
  CAF_CHECK(!stream.begin_round());
  CAF_CHECK_EQUAL(first.text() + second.text(), "[a]");
  stream.serve(1, fallen);
  CAF_CHECK(!stream.in_round());
  CAF_CHECK_EQUAL(second.text(), "[a]");
}

CAF_TEST(who joins during a round gets what follows it) {
  joins(one);
  change("a");
  stream.begin_round();
  auto& late = joins(two);
  stream.serve(stream.size(), fallen);
  change("b");
  serve();
  CAF_CHECK_EQUAL(late.text(), "[b]");
}

CAF_TEST(who has not taken what it was sent falls behind with all that it did not get) {
  auto& slow = joins(one);
  auto& fast = joins(two);
  auto now = run("now");
  auto next = run("next");
  auto later = run("later");
  stream.add(now);
  stream.add(next);
  stream.add(later);
  stream.begin_next_run();
  say("a");
  serve();
  slow.behind = 10;
  auto seen = offset;
  say("b");
  stream.end_run();
  stream.begin_next_run(); // its beginning waits for its round
  serve();
  CAF_CHECK_EQUAL(slow.text(), "[nowa]");
  CAF_CHECK_EQUAL(fast.text(), "[nowa][b][next]");
  CAF_REQUIRE_EQUAL(fallen.size(), 1u);
  CAF_CHECK(fallen[0] == &one);
  CAF_CHECK(one.phase == watcher_phase::alone);
  CAF_CHECK(one.log == now.log);
  CAF_CHECK(same(one.at, wire::cursor{now.run, seen}));
  CAF_REQUIRE_EQUAL(one.next.size(), 2u);
  CAF_CHECK(one.next[0].run == next.run);
  CAF_CHECK(one.next[1].run == later.run);
}

CAF_TEST(who falls behind where a run begins has that before it) {
  joins(one).behind = 10;
  auto now = run("now");
  stream.add(now);
  stream.begin_next_run();
  serve();
  CAF_REQUIRE_EQUAL(fallen.size(), 1u);
  CAF_CHECK(!one.log);
  CAF_CHECK(!one.at);
  CAF_REQUIRE_EQUAL(one.next.size(), 1u);
  CAF_CHECK(one.next[0].run == now.run);
}

CAF_TEST(for a change of the session nobody falls behind and who does not read at all is left out) {
  auto& slow = joins(one);
  slow.behind = 40;
  change("a");
  serve();
  slow.behind = 41;
  change("b");
  serve();
  CAF_CHECK(fallen.empty());
  CAF_CHECK_EQUAL(slow.text(), "[a]");
}

CAF_TEST(who is where the others are can join them once it has taken what it was sent) {
  auto& client = to(one);
  CAF_CHECK(stream.can_join(one));
  auto now = run("now");
  stream.begin_at(wire::cursor{now.run, 3}, now.log);
  CAF_CHECK(stream.reading());
  CAF_CHECK(!stream.can_join(one));
  one.at = wire::cursor{now.run, 3};
  CAF_CHECK(stream.can_join(one));
  client.behind = 1;
  CAF_CHECK(!stream.can_join(one));
  client.behind = 0;
  offset = 3;
  say("a");
  CAF_CHECK(stream.can_join(one)); // it waits: whoever joins now gets it
  serve();
  CAF_CHECK(!stream.can_join(one));
}

CAF_TEST(who has left gets nothing more) {
  auto& client = joins(one);
  CAF_CHECK(!stream.unused());
  stream.leave(one);
  CAF_CHECK(stream.unused());
  change("a");
  CAF_CHECK(!stream.unused());
  serve();
  CAF_CHECK(stream.unused());
  CAF_CHECK(client.got.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
