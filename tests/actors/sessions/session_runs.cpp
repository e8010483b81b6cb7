#define CAF_SUITE actors.sessions.session_runs

#include "actors/sessions/session_runs.hpp"
#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;

namespace {

struct fixture : node_fixture {
  /// A log's handle. Nobody reads it here.
  run_actor some_log() {
    return ends(caf::actor_cast<run_actor>(sys.spawn([](caf::event_based_actor*) {})));
  }

  current_run begun(run_id run, run_actor log) {
    current_run made;
    made.ids = {new_id<turn_id>(), run};
    made.log = std::move(log);
    return made;
  }

  /// A run that is over.
  void add(run_id run, run_actor log, std::uint64_t end) {
    runs.begin(begun(run, std::move(log)));
    runs.finish(end);
  }

  session_runs runs;
  run_id first = new_id<run_id>();
  run_id second = new_id<run_id>();
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_runs_tests, fixture)

CAF_TEST(a run is shown once it is committed and there until it ends) {
  CAF_CHECK(!runs.current());
  CAF_CHECK(!runs.is_current(run_id{}));
  auto log = some_log();
  runs.begin(begun(first, log));
  CAF_CHECK(runs.is_current(first));
  CAF_CHECK(!runs.is_current(second));
  CAF_CHECK(!runs.shown());
  CAF_CHECK(!runs.rest_after({first, 0}));
  runs.current()->committed = true;
  CAF_CHECK(runs.shown() == runs.current());
  auto dropped = runs.drop();
  CAF_CHECK(dropped.log == log);
  CAF_CHECK(!runs.current());
  CAF_CHECK(!runs.find(first));
  CAF_CHECK(!runs.newest_end());
}

CAF_TEST(while a run goes on only it can be read on) {
  add(first, some_log(), 7);
  auto log = some_log();
  runs.begin(begun(second, log));
  runs.current()->committed = true;
  CAF_CHECK(!runs.rest_after({first, 3}));
  auto rest = runs.rest_after({second, 1'000});
  CAF_REQUIRE(rest.has_value());
  CAF_CHECK(*rest == log);
  auto place = runs.find(second, 5);
  CAF_REQUIRE(place.has_value());
  CAF_CHECK(place->log == log);
  CAF_CHECK_EQUAL(place->from, 5u);
}

CAF_TEST(a log is there from its end until its actor ends) {
  CAF_CHECK(!runs.find(first));
  auto log = some_log();
  add(first, log, 7);
  auto place = runs.find(first, 3);
  CAF_REQUIRE(place.has_value());
  CAF_CHECK(place->log == log);
  CAF_CHECK_EQUAL(place->from, 3u);
  runs.remove(log.address());
  CAF_CHECK(!runs.find(first));
}

CAF_TEST(a replayed run is read from its beginning) {
  runs.add_replay(first, some_log());
  auto place = runs.find(first, 3);
  CAF_REQUIRE(place.has_value());
  CAF_CHECK_EQUAL(place->from, 0u);
  CAF_CHECK(!runs.newest_end());
}

CAF_TEST(a log whose actor has ended is not offered) {
  auto log = some_log();
  add(first, log, 7);
  add(second, some_log(), 7);
  runs.remove(log.address());
  CAF_CHECK(!runs.find(first));
  CAF_CHECK(runs.find(second).has_value());
}

CAF_TEST(only in the newest run can somebody read on) {
  add(first, some_log(), 7);
  auto log = some_log();
  add(second, log, 9);
  CAF_CHECK(!runs.rest_after({first, 3}));
  auto rest = runs.rest_after({second, 3});
  CAF_REQUIRE(rest.has_value());
  CAF_CHECK(*rest == log);
  CAF_CHECK(!runs.rest_after({second, 10}));
  CAF_CHECK(!runs.rest_after({{}, 9}));
}

CAF_TEST(who has read the newest run whole needs no log) {
  auto log = some_log();
  add(first, log, 7);
  runs.remove(log.address());
  CAF_CHECK(runs.newest_end()->offset == 7);
  auto rest = runs.rest_after({first, 7});
  CAF_REQUIRE(rest.has_value());
  CAF_CHECK(!*rest);
  CAF_CHECK(!runs.rest_after({first, 6}));
}

CAF_TEST(a replay cannot be read on) {
  auto log = some_log();
  add(first, log, 7);
  runs.remove(log.address());
  runs.add_replay(first, some_log());
  CAF_CHECK(!runs.rest_after({first, 3}));
}

CAF_TEST(a question stops its whole turn and an answer its seat) {
  current_run running;
  running.ids = {new_id<turn_id>(), first};
  message asked;
  asked.turn = running.ids.turn;
  auto all = running.stop_of(asked);
  CAF_REQUIRE(all.has_value());
  CAF_CHECK(all->who.empty());
  message answer;
  answer.role = message_role::assistant;
  answer.turn = running.ids.turn;
  answer.run = first;
  answer.seat = participant{1};
  auto one = running.stop_of(answer);
  CAF_REQUIRE(one.has_value());
  CAF_CHECK(one->who == std::vector<participant>{1});
  answer.run = second; // an earlier attempt
  CAF_CHECK(!running.stop_of(answer));
  asked.turn = new_id<turn_id>();
  CAF_CHECK(!running.stop_of(asked));
}

CAF_TEST_FIXTURE_SCOPE_END()
