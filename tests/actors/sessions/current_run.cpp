#define CAF_SUITE actors.sessions.current_run

#include "actors/sessions/current_run.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

CAF_TEST(a run that is opened before its question is committed breaks it) {
  current_run now;
  auto id = new_id<session_id>();
  CAF_CHECK(test::breaks("nothing of an answer is shown before its question is committed", [&] { now.opened_in(id); }));
  now.committed = true;
  CAF_CHECK_EQUAL(test::broken_by([&] { now.opened_in(id); }), "-");
}
