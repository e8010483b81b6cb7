#define CAF_SUITE actors.sessions.session_recovery

#include "actors/sessions/session_recovery.hpp"

#include <caf/sec.hpp>
#include <caf/test/unit_test.hpp>
#include <string>

using namespace parley;

namespace {

struct fixture {
  void wait() {
    recovery.wait([this](const caf::error* failed) { told += failed ? "failed " : "known "; });
  }

  session_recovery recovery;
  std::string told;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_recovery_tests, fixture)

CAF_TEST(a recovery is under way until the store has answered) {
  CAF_CHECK(!recovery.under_way());
  recovery.ask({});
  CAF_CHECK(recovery.under_way());
  CAF_CHECK(recovery.asking());
  recovery.failed();
  CAF_CHECK(recovery.under_way());
  CAF_CHECK(!recovery.asking());
  recovery.ask({});
  CAF_CHECK(recovery.asking());
  recovery.succeeded();
  CAF_CHECK(!recovery.under_way());
  CAF_CHECK(!recovery.asking());
}

CAF_TEST(what is postponed is not under way and waits until the store is asked) {
  recovery.postpone();
  CAF_CHECK(recovery.postponed());
  CAF_CHECK(!recovery.under_way());
  recovery.ask({});
  CAF_CHECK(!recovery.postponed());
}

CAF_TEST(the run that it ends is kept over failures and told once) {
  auto run = new_id<run_id>();
  recovery.ask(run);
  recovery.failed();
  recovery.ask({});
  CAF_CHECK(recovery.succeeded() == run);
  recovery.ask({});
  CAF_CHECK(!recovery.succeeded());
}

CAF_TEST(who waits is told once) {
  recovery.ask({});
  wait();
  wait();
  CAF_CHECK_EQUAL(told, "");
  caf::error why{caf::sec::request_timeout};
  recovery.failed();
  recovery.tell_waiting(&why);
  CAF_CHECK_EQUAL(told, "failed failed ");
  recovery.ask({});
  wait();
  recovery.succeeded();
  recovery.tell_waiting(nullptr);
  CAF_CHECK_EQUAL(told, "failed failed known ");
}

CAF_TEST_FIXTURE_SCOPE_END()
