#define CAF_SUITE actors.runs.growing_answer

#include "actors/runs/growing_answer.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace std::string_literals;

namespace {

struct fixture {
  fixture() { one.answer.seat = participant{0}; }

  void take(std::string text, event_kind kind = event_kind::text) {
    CAF_CHECK(one.take(answer_delta{kind, std::move(text)}, log, 1000, {}));
  }

  void end() { one.end(log, finish_reason::stop, std::nullopt, std::nullopt, {}); }

  run_log log{new_id<run_id>()};
  growing_answer one;
};

const auto expectation = "a codec passes on clean text alone";

} // namespace

CAF_TEST_FIXTURE_SCOPE(growing_answer_tests, fixture)

CAF_TEST(text that is text ends an answer) {
  take("w\xc3\xb6rld");
  CAF_CHECK_EQUAL(test::broken_by([&] { end(); }), "-");
  CAF_CHECK_EQUAL(one.answer.content, "w\xc3\xb6rld");
}

CAF_TEST(text that is none breaks it) {
  take("half a character: \xc3");
  CAF_CHECK(test::breaks(expectation, [&] { end(); }));
}

CAF_TEST(a NUL in the reasoning breaks it) {
  take("a\0b"s, event_kind::reasoning);
  CAF_CHECK(test::breaks(expectation, [&] { end(); }));
}

CAF_TEST_FIXTURE_SCOPE_END()
