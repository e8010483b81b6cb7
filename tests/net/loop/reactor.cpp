#define CAF_SUITE net.loop.reactor

#include "net/loop/reactor.hpp"

#include "tests/support/seen_log.hpp"

#include <caf/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace parley;
using namespace parley::net;
using namespace std::chrono_literals;

namespace {

/// Far beyond what is needed, for loaded machines under sanitizers.
constexpr auto patience = 20s;

/// Two sockets that are connected to each other; the watcher hears of the first.
struct watched_pair final : socket_watcher {
  explicit watched_pair(reactor& on) : loop(on) {
    CAF_REQUIRE_EQUAL(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets), 0);
  }

  ~watched_pair() {
    loop.forget(sockets[0], *this);
    ::close(sockets[0]);
    ::close(sockets[1]);
  }
  watched_pair(const watched_pair&) = delete;
  watched_pair& operator=(const watched_pair&) = delete;

  void socket_changed(std::uint32_t events) override {
    ++times;
    last = events;
    if (then)
      then();
  }

  void say(std::string_view bytes) const {
    CAF_REQUIRE_EQUAL(::write(sockets[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }

  reactor& loop;
  int sockets[2];
  int times = 0;
  std::uint32_t last = 0;
  std::function<void()> then;
};

struct fixture {
  /// All that there is to do now.
  void run_now() {
    for (int i = 0; i < 1000 && loop.run_once({}); ++i)
      continue;
  }

  reactor loop;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(reactor_tests, fixture)

// -- sockets ---------------------------------------------------------------------------------------------------------

CAF_TEST(a watcher is told of what its socket is ready for already) {
  watched_pair pair{loop};
  pair.say("early");
  CAF_REQUIRE(loop.watch(pair.sockets[0], pair));
  CAF_CHECK_EQUAL(pair.times, 0);
  run_now();
  CAF_CHECK_EQUAL(pair.times, 1);
  CAF_CHECK_EQUAL(pair.last, static_cast<std::uint32_t>(EPOLLIN | EPOLLOUT));
}

CAF_TEST(a watcher is told once of each change and of the end by name) {
  watched_pair pair{loop};
  CAF_REQUIRE(loop.watch(pair.sockets[0], pair));
  run_now();
  CAF_REQUIRE_EQUAL(pair.times, 1);
  pair.say("a");
  run_now();
  run_now();
  CAF_CHECK_EQUAL(pair.times, 2); // unread as it is, it isn't told again
  pair.say("b");
  run_now();
  CAF_CHECK_EQUAL(pair.times, 3);
  ::shutdown(pair.sockets[1], SHUT_WR);
  run_now();
  CAF_CHECK_EQUAL(pair.times, 4);
  CAF_CHECK(pair.last & EPOLLRDHUP);
}

CAF_TEST(a watcher that is forgotten in the middle of a turn hears nothing of that turn) {
  watched_pair one{loop};
  watched_pair other{loop};
  for (auto* each : {&one, &other})
    CAF_REQUIRE(loop.watch(each->sockets[0], *each));
  one.then = [&] { loop.forget(other.sockets[0], other); };
  other.then = [&] { loop.forget(one.sockets[0], one); };
  run_now();
  CAF_CHECK_EQUAL(one.times + other.times, 1);
  one.say("x");
  other.say("x");
  run_now();
  CAF_CHECK_EQUAL(one.times + other.times, 2); // the one that forgot the other
}

CAF_TEST(what cannot be watched is refused) {
  watched_pair pair{loop};
  CAF_CHECK(!loop.watch(-1, pair));
}

CAF_TEST(with more news than one turn takes none is lost) {
  std::vector<std::unique_ptr<watched_pair>> pairs;
  for (int i = 0; i < 100; ++i) {
    auto& pair = *pairs.emplace_back(std::make_unique<watched_pair>(loop));
    CAF_REQUIRE(loop.watch(pair.sockets[0], pair));
  }
  run_now();
  for (auto& pair : pairs)
    CAF_CHECK_EQUAL(pair->times, 1);
}

// -- tasks -----------------------------------------------------------------------------------------------------------

CAF_TEST(tasks run later and in order and what a task posts runs in the next turn) {
  std::string order;
  loop.post([&] {
    order += 'a';
    loop.post([&] { order += 'c'; });
  });
  loop.post([&] { order += 'b'; });
  CAF_CHECK_EQUAL(order, "");
  CAF_CHECK(loop.run_once({}));
  CAF_CHECK_EQUAL(order, "ab");
  CAF_CHECK(loop.run_once()); // without waiting: there is something to do
  CAF_CHECK_EQUAL(order, "abc");
  CAF_CHECK(!loop.run_once({}));
}

CAF_TEST(a task from another thread wakes a sleeping loop each time) {
  for (int i = 0; i < 200; ++i) {
    bool done = false;
    std::thread other{[&] { loop.post([&] { done = true; }); }};
    auto deadline = steady::now() + patience;
    while (!done && steady::now() < deadline)
      loop.run_once(deadline);
    other.join();
    CAF_REQUIRE(done);
  }
}

CAF_TEST(a loop with nothing to do sleeps until the time that it was given) {
  auto until = steady::now() + 20ms;
  loop.run_once(until);
  CAF_CHECK(steady::now() >= until);
}

CAF_TEST(sockets without end and tasks without end starve neither each other nor the timers) {
  watched_pair pair{loop};
  CAF_REQUIRE(loop.watch(pair.sockets[0], pair));
  pair.then = [&] { pair.say("x"); };
  int tasks = 0;
  std::function<void()> again = [&] {
    ++tasks;
    loop.post(again);
  };
  again();
  int calls = 0;
  loop_timer timer{loop, [&] {
                     ++calls;
                     timer.set(steady::now());
                   }};
  timer.set(steady::now());
  for (int i = 0; i < 100; ++i)
    CAF_REQUIRE(loop.run_once({}));
  CAF_CHECK_GREATER(pair.times, 30);
  CAF_CHECK_GREATER(tasks, 30);
  CAF_CHECK_GREATER(calls, 30);
}

CAF_TEST(dropped tasks let go of what they hold) {
  auto held = std::make_shared<int>(1);
  loop.post([held] {});
  CAF_CHECK_EQUAL(held.use_count(), 2);
  CAF_CHECK(loop.drop_tasks());
  CAF_CHECK_EQUAL(held.use_count(), 1);
  CAF_CHECK(!loop.drop_tasks());
}

// -- timers ----------------------------------------------------------------------------------------------------------

CAF_TEST(a timer calls once and never early) {
  int calls = 0;
  loop_timer timer{loop, [&] { ++calls; }};
  auto due = steady::now() + 5ms;
  timer.set(due);
  run_now();
  CAF_CHECK(calls == 0 || steady::now() >= due);
  while (calls == 0 && steady::now() < due + patience)
    loop.run_once(due + patience);
  CAF_CHECK(steady::now() >= due);
  loop.run_once(steady::now() + 10ms);
  CAF_CHECK_EQUAL(calls, 1);
}

CAF_TEST(timers call in the order of their times and not in that of their setting) {
  std::string order;
  loop_timer second{loop, [&] { order += '2'; }};
  loop_timer first{loop, [&] { order += '1'; }};
  auto now = steady::now();
  second.set(now - 1ms);
  first.set(now - 2ms);
  run_now();
  CAF_CHECK_EQUAL(order, "12");
}

CAF_TEST(a timer that was moved calls at its last time only) {
  int calls = 0;
  loop_timer timer{loop, [&] { ++calls; }};
  auto now = steady::now();
  timer.set(now - 1ms);
  timer.set(now + 1h);
  run_now();
  CAF_CHECK_EQUAL(calls, 0);
  timer.set(now - 1ms);
  run_now();
  CAF_CHECK_EQUAL(calls, 1);
  timer.set(now - 1ms);
  timer.cancel();
  run_now();
  CAF_CHECK_EQUAL(calls, 1);
  timer.set(now - 1ms);
  run_now();
  CAF_CHECK_EQUAL(calls, 2);
}

CAF_TEST(a timer may be ended by its callback or set again by it) {
  std::optional<loop_timer> ends;
  ends.emplace(loop, [&, touched = std::string(100, 'x')] {
    ends.reset();
    CAF_CHECK_EQUAL(touched.size(), 100u);
  });
  int calls = 0;
  std::optional<loop_timer> again;
  again.emplace(loop, [&] {
    if (++calls < 3)
      again->set(steady::now() + 1ms);
  });
  ends->set(steady::now());
  again->set(steady::now());
  for (auto deadline = steady::now() + patience; (ends || calls < 3) && steady::now() < deadline;)
    loop.run_once(deadline);
  CAF_CHECK(!ends);
  CAF_CHECK_EQUAL(calls, 3);
}

// -- exceptions ------------------------------------------------------------------------------------------------------

CAF_TEST(an exception in any callback is told and the loop goes on) {
  test::seen_log seen;
  watched_pair pair{loop};
  pair.then = [] { throw std::length_error{"in a socket"}; };
  loop_timer timer{loop, [] { throw std::length_error{"in a timer"}; }};
  timer.set(steady::now() - 1ms);
  loop.post([] { throw std::length_error{"in a task"}; });
  auto went_on = false;
  loop.post([&] { went_on = true; });
  CAF_REQUIRE(loop.watch(pair.sockets[0], pair));
  run_now();
  CAF_CHECK(went_on);
  CAF_CHECK_EQUAL(seen.exceptions(), 3u);
  auto lines = seen.lines();
  std::sort(lines.begin(), lines.end());
  CAF_CHECK_EQUAL(lines,
                  (std::vector<std::string>{"error callback=socket threw: in a socket", "error callback=task threw: in a task",
                                            "error callback=timer threw: in a timer"}));
}

CAF_TEST(an ended timer calls no more) {
  int calls = 0;
  {
    loop_timer timer{loop, [&] { ++calls; }};
    timer.set(steady::now() - 1ms);
  }
  run_now();
  CAF_CHECK_EQUAL(calls, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
