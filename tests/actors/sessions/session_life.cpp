#define CAF_SUITE actors.sessions.session_life

#include "actors/sessions/session_life.hpp"

#include <caf/sec.hpp>
#include <caf/test/unit_test.hpp>
#include <string>

using namespace parley;

namespace {

struct fixture {
  void wait() {
    life.wait([this](const caf::error* failed) { told += failed ? "failed " : "known "; });
  }

  std::string phase() const { return std::string{name(life.phase())}; }

  bool begins(bool busy = false) { return life.begin_reload(busy); }

  session_life life{new_id<session_id>()};
  std::string told;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_life_tests, fixture)

// -- reloading ---------------------------------------------------------------------------------------------------------

CAF_TEST(a session is open and owes no reload) {
  CAF_CHECK_EQUAL(phase(), "open");
  CAF_CHECK(!life.is_reloading());
  CAF_CHECK(!life.is_going());
  CAF_CHECK(!begins());
}

CAF_TEST(it is reloading until the store has told) {
  life.owe_reload();
  CAF_CHECK(!life.is_reloading());
  CAF_CHECK(begins());
  CAF_CHECK_EQUAL(phase(), "reloading");
  life.reload_failed();
  CAF_CHECK_EQUAL(phase(), "pausing");
  CAF_CHECK(life.is_reloading());
  CAF_CHECK(begins());
  CAF_CHECK_EQUAL(phase(), "reloading");
  life.reloaded();
  CAF_CHECK_EQUAL(phase(), "open");
  CAF_CHECK(!begins());
}

CAF_TEST(a reload waits for the run that goes on) {
  life.owe_reload();
  CAF_CHECK(!begins(true));
  CAF_CHECK_EQUAL(phase(), "open");
  CAF_CHECK(begins());
}

CAF_TEST(one reload at a time) {
  life.owe_reload();
  CAF_CHECK(begins());
  life.owe_reload(); // of something that was asked before it
  CAF_CHECK(!begins());
  life.reloaded();
  CAF_CHECK(!begins());
}

CAF_TEST(the run that a reload ends is kept over failures and told once) {
  auto run = new_id<run_id>();
  life.owe_reload(run);
  CAF_CHECK(begins());
  life.reload_failed();
  CAF_CHECK(begins());
  CAF_CHECK(life.reloaded() == run);
  life.owe_reload();
  CAF_CHECK(begins());
  CAF_CHECK(!life.reloaded());
}

CAF_TEST(each failure begins a pause of its own) {
  life.owe_reload();
  CAF_CHECK(begins());
  auto first = life.reload_failed();
  CAF_CHECK_EQUAL(first, life.failed_reloads());
  CAF_CHECK(begins());
  CAF_CHECK(life.reload_failed() != first);
}

CAF_TEST(who waits is told once) {
  wait();
  wait();
  CAF_CHECK_EQUAL(told, "");
  caf::error why{caf::sec::request_timeout};
  life.tell_waiting(&why);
  CAF_CHECK_EQUAL(told, "failed failed ");
  wait();
  life.tell_waiting(nullptr);
  CAF_CHECK_EQUAL(told, "failed failed known ");
}

// -- removal -----------------------------------------------------------------------------------------------------------

CAF_TEST(no reload begins while the session is being removed and none is forgotten) {
  auto run = new_id<run_id>();
  life.remove();
  CAF_CHECK(life.is_going());
  life.owe_reload(run);
  CAF_CHECK(!begins());
  CAF_CHECK_EQUAL(phase(), "stopping");
  CAF_CHECK(life.begin_removal());
  CAF_CHECK(!begins());
  life.not_removed();
  CAF_CHECK_EQUAL(phase(), "open");
  CAF_CHECK(begins());
  CAF_CHECK(life.reloaded() == run);
}

CAF_TEST(a removal goes on over a reload that succeeds) {
  life.owe_reload();
  CAF_CHECK(begins());
  life.remove();
  life.reloaded();
  CAF_CHECK_EQUAL(phase(), "stopping");
  life.not_removed();
  CAF_CHECK(!begins());
}

CAF_TEST(a reload that failed meanwhile is made once the session was not removed) {
  life.owe_reload();
  CAF_CHECK(begins());
  life.remove();
  life.reload_failed();
  CAF_CHECK_EQUAL(phase(), "stopping");
  CAF_CHECK(!begins());
  life.not_removed();
  CAF_CHECK(begins());
}

CAF_TEST(a pause ends with a removal) {
  life.owe_reload();
  CAF_CHECK(begins());
  life.reload_failed();
  life.remove();
  CAF_CHECK(!begins());
  CAF_CHECK(!life.is_reloading());
}

CAF_TEST(the store is asked once to remove it) {
  CAF_CHECK(!life.begin_removal());
  life.remove();
  CAF_CHECK(life.begin_removal());
  CAF_CHECK_EQUAL(phase(), "removing");
  CAF_CHECK(!life.begin_removal());
}

CAF_TEST(what is removed stays so) {
  life.remove();
  CAF_CHECK(life.begin_removal());
  life.removed();
  CAF_CHECK_EQUAL(phase(), "removed");
  CAF_CHECK(life.is_going());
  life.owe_reload();
  CAF_CHECK(!begins());
}

CAF_TEST_FIXTURE_SCOPE_END()
