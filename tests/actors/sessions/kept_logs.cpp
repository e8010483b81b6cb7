#define CAF_SUITE actors.sessions.kept_logs

#include "actors/sessions/kept_logs.hpp"
#include "tests/support/broken.hpp"
#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

struct fixture : node_fixture {
  ~fixture() override { logs = {}; }

  log_actor keep(std::size_t bytes, steady::duration until = 0s) {
    auto log = ends(caf::actor_cast<log_actor>(sys.spawn([](caf::event_based_actor*) {})));
    logs.add({log, bytes, begin + until});
    return log;
  }

  static log_actor log_of(const std::optional<kept_log>& kept) { return kept ? kept->log : log_actor{}; }

  steady::time_point begin;
  kept_logs logs;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(kept_logs_tests, fixture)

CAF_TEST(logs that take more than can be counted break it) {
  keep(SIZE_MAX);
  keep(2);
  CAF_CHECK(breaks("what kept logs take is the sum of what each takes", [&] { logs.take_excess(0); }));
}

CAF_TEST(where all take too much the oldest go until they do not ) {
  auto first = keep(4);
  auto second = keep(3);
  CAF_CHECK(!logs.take_excess(7));
  keep(2);
  CAF_CHECK(log_of(logs.take_excess(4)) == first);
  CAF_CHECK(log_of(logs.take_excess(4)) == second);
  CAF_CHECK(!logs.take_excess(4));
}

CAF_TEST(a log larger than all may be goes at once) {
  auto only = keep(8);
  CAF_CHECK(log_of(logs.take_excess(7)) == only);
  CAF_CHECK(!logs.take_excess(0));
}

CAF_TEST(a log goes when its time is over) {
  auto first = keep(1, 5s);
  auto second = keep(1, 6s);
  CAF_CHECK(!logs.take_outlived(begin + 4s));
  CAF_CHECK(log_of(logs.take_outlived(begin + 5s)) == first);
  CAF_CHECK(!logs.take_outlived(begin + 5s));
  CAF_CHECK(log_of(logs.take_outlived(begin + 7s)) == second);
  CAF_CHECK(!logs.take_outlived(begin + 7s));
}

CAF_TEST_FIXTURE_SCOPE_END()
