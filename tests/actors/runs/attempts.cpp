#define CAF_SUITE actors.runs.attempts

#include "actors/runs/attempts.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace std::chrono_literals;

namespace {

const steady::time_point start{1'000s};

struct fixture {
  fixture() {
    at->clocks = {10s, 60s, 20s, 300s};
    first.id = "first";
    first.at = at;
    first.retries = 0;
    second = first;
    second.id = "second";
  }

  /// The tries for an answer by `first`, then `second`; the first of them begins.
  attempts make(bool may_restart = true) {
    attempts tries{{std::make_shared<const model>(first), std::make_shared<const model>(second)}, may_restart};
    tries.asked(start);
    return tries;
  }

  std::shared_ptr<upstream> at = std::make_shared<upstream>();
  model first;
  model second;
};

failure why(ec code = ec::upstream_unreachable) {
  return {code, "Nobody is there.", {}};
}

/// `ask`, `wait 250`, `restart 250` or `give up: <code>`; milliseconds since `from`.
std::string told(const next_attempt& next, steady::time_point from = start) {
  if (auto* wait = std::get_if<wait_until>(&next))
    return (wait->begin_again ? "restart " : "wait ")
           + std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(wait->when - from).count());
  if (auto* end = std::get_if<give_up>(&next))
    return "give up: " + std::string{name(end->why.code)};
  return "ask";
}

/// What is done at the deadline, and how far off that was.
std::string at_deadline(attempts& tries, steady::time_point from = start) {
  auto when = tries.deadline();
  auto after = std::chrono::duration_cast<std::chrono::milliseconds>(when - from).count();
  return std::to_string(after) + ": " + told(tries.due(when), when);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(attempts_tests, fixture)

CAF_TEST(an answer without a model breaks it) {
  CAF_CHECK(test::breaks("an answer has a model that is asked", [] { attempts{{}, true}; }));
}

CAF_TEST(a failed try is repeated after a pause that doubles up to a bound) {
  first.retries = 8;
  auto tries = make();
  auto now = start;
  for (auto pause : {"250", "500", "1000", "2000", "4000", "5000", "5000", "5000"}) {
    CAF_CHECK_EQUAL(told(tries.failed(why(), now), now), "wait " + std::string{pause});
    now = tries.deadline();
    CAF_CHECK_EQUAL(told(tries.due(now)), "ask");
    CAF_CHECK_EQUAL(tries.target().id, "first");
    tries.asked(now);
  }
  CAF_CHECK_EQUAL(told(tries.failed(why(), now), now), "ask");
  CAF_CHECK_EQUAL(tries.target().id, "second");
}

CAF_TEST(a long row of tries keeps to the longest pause) {
  first.retries = 100;
  auto tries = make();
  for (int i = 0; i < 99; ++i)
    tries.failed(why(), start);
  CAF_CHECK_EQUAL(told(tries.failed(why(), start)), "wait 5000");
}

CAF_TEST(a pause that the provider asks for is kept up to the longest) {
  first.retries = 4;
  auto tries = make();
  tries.responded(2s);
  CAF_CHECK_EQUAL(told(tries.failed(why(ec::upstream_rate_limited), start)), "wait 2000");
  tries.asked(start);
  tries.responded(1h);
  CAF_CHECK_EQUAL(told(tries.failed(why(ec::upstream_rate_limited), start)), "wait 5000");
  tries.asked(start);
  tries.responded(0s);
  CAF_CHECK_EQUAL(told(tries.failed(why(ec::upstream_rate_limited), start)), "wait 1000");
}

CAF_TEST(a pause that one response asks for is not kept for the next) {
  first.retries = 2;
  auto tries = make();
  tries.responded(3s);
  tries.failed(why(ec::upstream_rate_limited), start);
  tries.asked(start);
  CAF_CHECK_EQUAL(told(tries.failed(why(), start)), "wait 500");
}

CAF_TEST(each fallback has tries of its own and the last failure is told) {
  first.retries = 1;
  second.retries = 1;
  auto tries = make();
  CAF_CHECK_EQUAL(told(tries.failed(why(), start)), "wait 250");
  tries.asked(start);
  CAF_CHECK_EQUAL(told(tries.failed(why(), start)), "ask");
  CAF_CHECK_EQUAL(tries.target().id, "second");
  tries.asked(start);
  CAF_CHECK_EQUAL(told(tries.failed(why(), start)), "wait 250");
  tries.asked(start);
  CAF_CHECK_EQUAL(told(tries.failed(why(ec::upstream_overloaded), start)), "give up: upstream_overloaded");
  CAF_CHECK_EQUAL(tries.target().id, "second");
}

CAF_TEST(what says that the request is wrong is not repeated) {
  first.retries = 3;
  for (auto code : {ec::invalid_request, ec::upstream_rejected, ec::answer_too_large})
    CAF_CHECK_EQUAL(told(make().failed(why(code), start)), "ask");
  for (auto code : {ec::upstream_unreachable, ec::upstream_timeout, ec::upstream_rate_limited, ec::upstream_overloaded,
                    ec::upstream_truncated, ec::upstream_malformed})
    CAF_CHECK_EQUAL(told(make().failed(why(code), start)), "wait 250");
}

CAF_TEST(nothing is repeated once the answer was shown) {
  first.retries = 3;
  auto tries = make();
  CAF_CHECK(!tries.streaming());
  tries.begin_streaming();
  CAF_CHECK(tries.streaming());
  CAF_CHECK_EQUAL(told(tries.failed(why(ec::upstream_truncated), start)), "give up: upstream_truncated");
  CAF_CHECK_EQUAL(tries.target().id, "first");
}

CAF_TEST(an answer begins again where its model says so and tries are left) {
  first.retries = 1;
  first.restart_on_failure = true;
  auto tries = make();
  tries.begin_streaming();
  CAF_CHECK_EQUAL(told(tries.failed(why(ec::upstream_truncated), start)), "restart 250");
  CAF_CHECK(!tries.streaming());
  tries.asked(start);
  tries.begin_streaming();
  CAF_CHECK_EQUAL(told(tries.failed(why(ec::upstream_truncated), start)), "give up: upstream_truncated");
}

CAF_TEST(an answer that began again may go to the fallback) {
  first.retries = 1;
  first.restart_on_failure = true;
  auto tries = make();
  tries.begin_streaming();
  tries.failed(why(ec::upstream_truncated), start);
  tries.asked(start);
  CAF_CHECK_EQUAL(told(tries.failed(why(), start)), "ask");
  CAF_CHECK_EQUAL(tries.target().id, "second");
}

CAF_TEST(an answer does not begin again over what is not worth repeating) {
  first.retries = 1;
  first.restart_on_failure = true;
  auto tries = make();
  tries.begin_streaming();
  CAF_CHECK_EQUAL(told(tries.failed(why(ec::upstream_rejected), start)), "give up: upstream_rejected");
}

CAF_TEST(an answer does not begin again for a reader who can not take back what it read) {
  first.retries = 1;
  first.restart_on_failure = true;
  auto tries = make(false);
  tries.begin_streaming();
  CAF_CHECK_EQUAL(told(tries.failed(why(ec::upstream_truncated), start)), "give up: upstream_truncated");
}

CAF_TEST(the connect clock) {
  first.retries = 1;
  auto tries = make();
  CAF_CHECK_EQUAL(at_deadline(tries), "10000: wait 250");
}

CAF_TEST(the first token clock counts from the try and not from the connection) {
  first.retries = 1;
  auto tries = make();
  tries.connected();
  tries.responded(0s);
  tries.received(start + 40s);
  CAF_CHECK_EQUAL(at_deadline(tries), "60000: wait 250");
}

CAF_TEST(the idle clock counts from the last bytes) {
  auto tries = make();
  tries.connected();
  tries.begin_streaming();
  CAF_CHECK(tries.deadline() == start + 20s);
  tries.received(start + 50s);
  CAF_CHECK(tries.deadline() == start + 70s);
  tries.received(start + 69s);
  CAF_CHECK_EQUAL(at_deadline(tries), "89000: give up: upstream_timeout");
}

CAF_TEST(the clock of the whole answer comes before the others) {
  auto tries = make();
  tries.connected();
  tries.begin_streaming();
  tries.received(start + 299s);
  CAF_CHECK_EQUAL(at_deadline(tries), "300000: give up: upstream_timeout");
  at->clocks.whole = 5s;
  auto hurried = make();
  CAF_CHECK(hurried.deadline() == start + 5s);
  hurried.connected();
  CAF_CHECK(hurried.deadline() == start + 5s);
}

CAF_TEST(each clock is told in its own words) {
  auto words = [](attempts tries) {
    tries.failed(why(ec::upstream_rejected), start); // on to the last target, so that its failure is told
    tries.asked(start);
    return tries;
  };
  auto sentence = [](attempts tries) { return std::get<give_up>(tries.due(tries.deadline())).why.message; };
  auto tries = words(make());
  CAF_CHECK_EQUAL(sentence(tries), "The provider couldn't be reached in time.");
  tries.connected();
  CAF_CHECK_EQUAL(sentence(tries), "The provider didn't begin to answer in time.");
  tries.begin_streaming();
  CAF_CHECK_EQUAL(sentence(tries), "The provider fell silent in the middle of its answer.");
  tries.received(start + 290s);
  CAF_CHECK_EQUAL(sentence(tries), "The provider didn't finish its answer in time.");
}

CAF_TEST(each try has its clocks anew) {
  first.retries = 1;
  auto tries = make();
  tries.connected();
  tries.failed(why(), start + 30s);
  tries.asked(start + 31s);
  CAF_CHECK_EQUAL(at_deadline(tries), "41000: ask");
  CAF_CHECK_EQUAL(tries.target().id, "second");
}

CAF_TEST_FIXTURE_SCOPE_END()
