#define CAF_SUITE core.time

#include "core/time.hpp"

#include <caf/test/unit_test.hpp>

using parley::to_rfc3339;

CAF_TEST(times are UTC with milliseconds) {
  CAF_CHECK_EQUAL(to_rfc3339(0), "1970-01-01T00:00:00.000Z");
  CAF_CHECK_EQUAL(to_rfc3339(1'795'383'605'123), "2026-11-22T21:40:05.123Z");
  CAF_CHECK_EQUAL(to_rfc3339(951'782'399'999), "2000-02-28T23:59:59.999Z");
  CAF_CHECK_EQUAL(to_rfc3339(951'782'400'000), "2000-02-29T00:00:00.000Z");
}

CAF_TEST(a time before 1970 counts down to it) {
  CAF_CHECK_EQUAL(to_rfc3339(-1), "1969-12-31T23:59:59.999Z");
}
