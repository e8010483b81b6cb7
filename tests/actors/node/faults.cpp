#define CAF_SUITE actors.node.faults

#include "actors/node/faults.hpp"

#include "core/check.hpp"
#include "tests/support/seen_log.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

namespace {

using test::seen_log;

log_ids some_ids() {
  return {*parse_id<session_id>("0190b6f0-7c1e-7d5a-9f3e-000000000001"),
          *parse_id<run_id>("0190b6f0-7c1e-7d5a-9f3e-000000000002"), "r-3"};
}

const std::string some_ids_text =
  "session=0190b6f0-7c1e-7d5a-9f3e-000000000001 run=0190b6f0-7c1e-7d5a-9f3e-000000000002 request=r-3 ";

} // namespace

CAF_TEST(a line names the ids that are known) {
  CAF_CHECK_EQUAL(to_string(some_ids()), some_ids_text);
  CAF_CHECK_EQUAL(to_string(log_ids{}), "");
}

CAF_TEST(an exception that leaves a callback is one line and is counted) {
  seen_log seen;
  CAF_CHECK(guarded("timer", [] {}));
  CAF_CHECK(seen.lines().empty());
  CAF_CHECK(!guarded("timer", [] { throw std::length_error{"too long"}; }));
  CAF_CHECK_EQUAL(seen.lines(), std::vector<std::string>{"error callback=timer threw: too long"});
  CAF_CHECK_EQUAL(seen.exceptions(), 1u);
  CAF_CHECK_EQUAL(seen.broken_invariants(), 0u);
  CAF_CHECK(!guarded("timer", [] { throw 7; }));
  auto lines = seen.lines();
  CAF_CHECK_EQUAL(lines.back(), "error callback=timer threw: an exception of no known type");
}

CAF_TEST(a broken invariant is counted as one beside) {
  seen_log seen;
  CAF_CHECK(!guarded("task", [] { check(false, "nothing breaks"); }));
  CAF_CHECK_EQUAL(seen.exceptions(), 1u);
  CAF_CHECK_EQUAL(seen.broken_invariants(), 1u);
  CAF_CHECK_EQUAL(seen.lines_with("callback=task threw: broken invariant: nothing breaks (tests/actors/node/").size(), 1u);
}

CAF_TEST(what is tried again or refused is one line and is counted by its name) {
  seen_log seen;
  report_setback("store_retry", "It is away.", some_ids());
  report_setback("connection_refused", "too many");
  CAF_CHECK_EQUAL(seen.lines(), (std::vector<std::string>{"debug " + some_ids_text + "setback=store_retry It is away.",
                                                          "debug setback=connection_refused too many"}));
  CAF_CHECK_EQUAL(seen.setbacks("store_retry"), 1u);
  CAF_CHECK_EQUAL(seen.setbacks("answer_lost"), 0u);
}

CAF_TEST(a dropped reader is one line with its cause and is counted by it) {
  seen_log seen;
  report_dropped_reader(reader_drop::died, some_ids());
  report_dropped_reader(reader_drop::too_slow, {});
  CAF_CHECK_EQUAL(seen.lines(),
                  (std::vector<std::string>{"debug " + some_ids_text + "reader=died dropped", "info reader=too_slow dropped"}));
  CAF_CHECK_EQUAL(seen.dropped(reader_drop::died), 1u);
  CAF_CHECK_EQUAL(seen.dropped(reader_drop::too_slow), 1u);
  CAF_CHECK_EQUAL(seen.dropped(reader_drop::write_timeout), 0u);
}
