#define CAF_SUITE actors.node.lazy_alarm

#include "actors/node/lazy_alarm.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace std::chrono_literals;

namespace {

struct fixture {
  struct noted_alarm final : alarm {
    explicit noted_alarm(fixture& to) : notes(to) {}
    void set(steady::time_point when) override { notes.times.push_back(when - begin); }
    void cancel() override { notes.cancelled = true; }

    fixture& notes;
  };

  static constexpr steady::time_point begin{};

  std::vector<steady::duration> times;
  bool cancelled = false;
  lazy_alarm lazy{std::make_unique<noted_alarm>(*this)};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(lazy_alarm_tests, fixture)

CAF_TEST(it is set anew only for an earlier time) {
  lazy.by(begin + 5s);
  lazy.by(begin + 7s);
  lazy.by(begin + 5s);
  lazy.by(begin + 3s);
  CAF_CHECK(times == (std::vector<steady::duration>{5s, 3s}));
}

CAF_TEST(once it came it is set for any time) {
  lazy.by(begin + 3s);
  lazy.came();
  lazy.by(begin + 7s);
  CAF_CHECK(times == (std::vector<steady::duration>{3s, 7s}));
}

CAF_TEST(once it is cancelled it is set for any time) {
  lazy.by(begin + 3s);
  lazy.cancel();
  CAF_CHECK(cancelled);
  lazy.by(begin + 7s);
  CAF_CHECK(times == (std::vector<steady::duration>{3s, 7s}));
}

CAF_TEST(without an alarm nothing comes) {
  lazy_alarm none;
  none.by(begin + 1s);
  none.cancel();
  lazy.cancel();
  CAF_CHECK(cancelled);
  CAF_CHECK(times.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
