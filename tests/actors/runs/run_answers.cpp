#define CAF_SUITE actors.runs.run_answers

#include "actors/runs/run_answers.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

CAF_TEST(an answer is found by its participant and none is asked for that is not there) {
  run_answers answers;
  answers.resize(2);
  participant next = 0;
  for (auto& each : answers)
    each.answer.seat = next++;
  CAF_CHECK_EQUAL(&answers.of(1), &*(answers.begin() + 1));
  CAF_CHECK(test::breaks("a stream tells of an answer of its own run", [&] { answers.of(2); }));
}
