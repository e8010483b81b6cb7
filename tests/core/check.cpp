#define CAF_SUITE core.check

#include "core/check.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

CAF_TEST(what holds is passed over) {
  CAF_CHECK_EQUAL(test::broken_by([] { check(true, "one is one"); }), "-");
  int one = 1;
  CAF_CHECK_EQUAL(&checked(&one, "there is a number"), &one);
}

CAF_TEST(what doesnt hold says what was expected and where) {
  CAF_CHECK_EQUAL(test::broken_by([] { check(false, "one is two"); }),
                  "broken invariant: one is two (tests/core/check.cpp:" + std::to_string(__LINE__ - 1) + ")");
  int* none = nullptr;
  CAF_CHECK_EQUAL(test::broken_by([&] { checked(none, "there is a number"); }),
                  "broken invariant: there is a number (tests/core/check.cpp:" + std::to_string(__LINE__ - 1) + ")");
}
