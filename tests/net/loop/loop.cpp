#define CAF_SUITE net.loop.loop

#include "net/loop/loop.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/test/unit_test.hpp>

#include <future>
#include <sys/resource.h>
#include <thread>

using namespace parley;
using namespace parley::net;
using namespace std::chrono_literals;

namespace {

/// Far beyond what is needed, for loaded machines under sanitizers.
constexpr auto patience = 30s;

struct two_loops : caf::actor_system_config {
  two_loops() { load_loops(*this, 2, {}); }
};

/// Does what a test wants on its loop: once at its start, and at each message.
class test_actor final : public homed<caf::event_based_actor> {
public:
  using step_function = std::function<void(test_actor&)>;

  test_actor(caf::actor_config& config, loop& home, step_function at_start, step_function at_message)
    : homed(config, home.unit()), own(home), at_start_(std::move(at_start)), at_message_(std::move(at_message)) {}

  caf::behavior make_behavior() override {
    if (at_start_)
      at_start_(*this);
    return {[this](caf::ok_atom) { at_message_(*this); }, [this](alarm_tick) { at_message_(*this); }};
  }

  void ended() override { timer.reset(); }

  loop& own;
  std::unique_ptr<parley::alarm> timer;
  int count = 0;

private:
  step_function at_start_;
  step_function at_message_;
};

template <class T>
T get(std::future<T> result) {
  CAF_REQUIRE(result.wait_for(patience) == std::future_status::ready);
  return result.get();
}

struct perpetual {
  loop& where;
  caf::strong_actor_ptr held;
  void operator()() const { where.post(*this); }
};

std::chrono::microseconds processor_time() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  auto micros = [](const timeval& time) { return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec}; };
  return micros(used.ru_utime) + micros(used.ru_stime);
}

} // namespace

CAF_TEST(an actor runs on its home loop whoever sends to it) {
  two_loops config;
  caf::actor_system sys{config};
  loops all{sys};
  CAF_REQUIRE_EQUAL(all.size(), 2u);
  CAF_CHECK(loop::current() == nullptr);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAF_CHECK_EQUAL(all.at(i).index(), i);
    std::promise<loop*> started;
    std::promise<loop*> told;
    std::promise<loop*> told_by_neighbour;
    auto actor = sys.spawn<test_actor>(
      all.at(i), [&](test_actor&) { started.set_value(loop::current()); },
      [&](test_actor& self) {
        if (++self.count == 1)
          return told.set_value(loop::current());
        told_by_neighbour.set_value(loop::current());
        self.quit();
      });
    CAF_CHECK(get(started.get_future()) == &all.at(i));
    caf::anon_send(actor, caf::ok_atom::value);
    CAF_CHECK(get(told.get_future()) == &all.at(i));
    all.at(1 - i).post([actor] { caf::anon_send(actor, caf::ok_atom::value); });
    CAF_CHECK(get(told_by_neighbour.get_future()) == &all.at(i));
  }
}

CAF_TEST(an actor without a home finds a worker) {
  two_loops config;
  caf::actor_system sys{config};
  std::promise<loop*> where;
  sys.spawn([&](caf::event_based_actor*) { where.set_value(loop::current()); });
  CAF_CHECK(get(where.get_future()) != nullptr);
}

CAF_TEST(a loop at rest is woken from any thread) {
  two_loops config;
  caf::actor_system sys{config};
  loops all{sys};
  // Each round trip finds both loops asleep, or about to be: the moment in which a wake-up could be lost.
  for (int i = 0; i < 500; ++i) {
    std::promise<int> there_and_back;
    all.at(0).post([&] { all.at(1).post([&] { there_and_back.set_value(1); }); });
    get(there_and_back.get_future());
  }
}

CAF_TEST(loops at rest use no processor) {
  two_loops config;
  caf::actor_system sys{config};
  loops all{sys};
  std::promise<int> started;
  auto actor = sys.spawn<test_actor>(
    all.at(0),
    [&](test_actor& self) {
      self.timer = self.own.make_alarm(self.address());
      self.timer->set(steady::now() + 1h);
      started.set_value(1);
    },
    [](test_actor& self) { self.quit(); });
  get(started.get_future());
  auto before = processor_time();
  std::this_thread::sleep_for(400ms);
  CAF_CHECK_LESS(processor_time() - before, 8ms);
  caf::anon_send(actor, caf::ok_atom::value);
}

CAF_TEST(an alarm comes once and never early) {
  two_loops config;
  caf::actor_system sys{config};
  loops all{sys};
  std::promise<steady::duration> late_by;
  steady::time_point due;
  auto actor = sys.spawn<test_actor>(
    all.at(0),
    [&](test_actor& self) {
      self.timer = self.own.make_alarm(self.address());
      // Later, then earlier, then later again: the last counts.
      self.timer->set(self.own.now() + 1h);
      self.timer->set(self.own.now() + 5ms);
      due = self.own.now() + 30ms;
      self.timer->set(due);
    },
    [&](test_actor& self) {
      if (++self.count == 1) {
        late_by.set_value(self.own.now() - due);
        // Another may be set from here; nothing else comes before it.
        self.timer->set(self.own.now() + 1ms);
        return;
      }
      self.quit();
    });
  CAF_CHECK(get(late_by.get_future()) >= 0ms);
}

CAF_TEST(a cancelled alarm does not come) {
  two_loops config;
  caf::actor_system sys{config};
  loops all{sys};
  std::promise<int> ticks_then;
  std::atomic<int> ticks{0};
  auto cancelled = sys.spawn<test_actor>(
    all.at(0),
    [&](test_actor& self) {
      self.timer = self.own.make_alarm(self.address());
      self.timer->set(self.own.now() + 5ms);
      self.timer->cancel();
    },
    [&](test_actor&) { ++ticks; });
  auto waiting = sys.spawn<test_actor>(
    all.at(0),
    [&](test_actor& self) {
      self.timer = self.own.make_alarm(self.address());
      self.timer->set(self.own.now() + 20ms);
    },
    [&](test_actor& self) {
      ticks_then.set_value(ticks);
      self.quit();
    });
  CAF_CHECK_EQUAL(get(ticks_then.get_future()), 0);
  caf::anon_send_exit(cancelled, caf::exit_reason::user_shutdown);
}

CAF_TEST(a timer may end itself in its callback) {
  two_loops config;
  caf::actor_system sys{config};
  loops all{sys};
  std::promise<int> rang;
  std::unique_ptr<loop_timer> timer;
  all.at(0).post([&] {
    timer = all.at(0).make_timer([&, touched = std::string(100, 'x')] {
      timer.reset();
      rang.set_value(static_cast<int>(touched.size()));
    });
    timer->set(steady::now());
  });
  CAF_CHECK_EQUAL(get(rang.get_future()), 100);
}

CAF_TEST(a busy actor starves no timer) {
  two_loops config;
  caf::actor_system sys{config};
  loops all{sys};
  auto busy = sys.spawn<test_actor>(
    all.at(0), [](test_actor& self) { self.send(&self, caf::ok_atom::value); },
    [](test_actor& self) { self.send(&self, caf::ok_atom::value); });
  std::promise<int> rang;
  std::unique_ptr<loop_timer> timer;
  all.at(0).post([&] {
    timer = all.at(0).make_timer([&] {
      timer.reset();
      rang.set_value(1);
    });
    timer->set(steady::now() + 10ms);
  });
  get(rang.get_future());
  caf::anon_send_exit(busy, caf::exit_reason::user_shutdown);
}

CAF_TEST(busy sockets starve no actor) {
  two_loops config;
  caf::actor_system sys{config};
  loops all{sys};
  std::atomic<bool> stop{false};
  std::function<void()> again = [&] {
    if (!stop)
      all.at(0).post(again);
  };
  all.at(0).post(again);
  std::promise<int> done;
  sys.spawn<test_actor>(
    all.at(0), [](test_actor& self) { self.send(&self, caf::ok_atom::value); },
    [&](test_actor& self) {
      if (++self.count < 1000)
        return self.send(&self, caf::ok_atom::value);
      done.set_value(1);
      self.quit();
    });
  get(done.get_future());
  stop = true;
  std::promise<int> quiet;
  all.at(0).post([&] { quiet.set_value(1); });
  get(quiet.get_future());
}

CAF_TEST(the system ends with timers and posted work pending) {
  auto ended = std::make_shared<std::promise<int>>();
  auto result = ended->get_future();
  // Tells when the actor's last function goes, and so the actor.
  std::shared_ptr<int> witness(new int{1}, [ended](int* value) {
    ended->set_value(*value);
    delete value;
  });
  {
    two_loops config;
    caf::actor_system sys{config};
    loops all{sys};
    std::promise<int> started;
    // Hidden: the system doesn't wait for it. The work that is posted again and again is all that holds it.
    sys.spawn<test_actor, caf::hidden>(
      all.at(0),
      [&](test_actor& self) {
        self.timer = self.own.make_alarm(self.address());
        self.timer->set(self.own.now() + 1h);
        perpetual{all.at(1), caf::strong_actor_ptr{self.ctrl()}}();
        started.set_value(1);
      },
      [witness = std::move(witness)](test_actor&) {});
    get(started.get_future());
  }
  CAF_CHECK_EQUAL(get(std::move(result)), 1);
}
