#define CAF_SUITE actors.node.homed

#include "actors/node/homed.hpp"

#include "core/check.hpp"
#include "tests/support/seen_log.hpp"

#include <caf/all.hpp>
#include <caf/test/unit_test.hpp>
#define FAIL CAF_FAIL
#include <caf/test/dsl.hpp>

using namespace parley;

namespace {

using doomed_actor = caf::typed_actor<caf::replies_to<std::string>::with<std::string>>;

struct doomed_state;
using doomed_pointer = homed_pointer<doomed_state, doomed_actor>;

struct doomed_state {
  static constexpr const char* name = "doomed";

  explicit doomed_state(doomed_pointer) {}

  log_ids ids() const { return {session, {}, {}}; }

  session_id session = new_id<session_id>();
};

struct fixture : test_coordinator_fixture<> {
  fixture() {
    auto init = [this](doomed_pointer it) -> doomed_actor::behavior_type {
      self_ = it;
      session = it->state.session;
      return {[it](const std::string& what) {
        check(what != "break", "nobody says break");
        if (what == "quit")
          it->quit();
        return what;
      }};
    };
    doomed = spawn_homed<doomed_state, doomed_actor>(sys, nullptr, init);
    watcher = sys.spawn([this](caf::event_based_actor* me) -> caf::behavior {
      me->monitor(doomed);
      me->set_down_handler([this](const caf::down_msg& down) { reason = down.reason; });
      return {[](caf::unit_t) {}};
    });
    consume_messages();
  }
  ~fixture() override {
    caf::anon_send_exit(doomed, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(watcher, caf::exit_reason::user_shutdown);
    consume_messages();
  }

  void tell(std::string what) {
    caf::anon_send(doomed, std::move(what));
    consume_messages();
  }

  std::vector<std::string> died(const std::string& of) const {
    return {"error session=" + to_string(session) + " actor=doomed died: " + of};
  }

  test::seen_log seen;
  doomed_pointer self_ = nullptr;
  session_id session;
  doomed_actor doomed;
  caf::actor watcher;
  caf::error reason;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(homed_tests, fixture)

CAF_TEST(an actor that ends as it should says nothing) {
  tell("quit");
  CAF_CHECK(seen.lines().empty());
  CAF_CHECK_EQUAL(seen.deaths("doomed"), 0u);
}

CAF_TEST(an exception in a handler is one line with the ids and ends the actor) {
  tell("break");
  auto lines = seen.lines();
  CAF_REQUIRE_EQUAL(lines.size(), 1u);
  CAF_CHECK(lines[0].starts_with(died("broken invariant: nobody says break (tests/actors/node/homed.cpp:")[0]));
  CAF_CHECK_EQUAL(seen.deaths("doomed"), 1u);
  CAF_CHECK_EQUAL(seen.broken_invariants(), 1u);
  CAF_CHECK(reason == caf::exit_reason::unhandled_exception || reason.code() == 1u);
  CAF_CHECK_NOT_EQUAL(explain_death(reason).find("nobody says break"), std::string::npos);
}

CAF_TEST(an exception in a callback from outside the mailbox ends the actor too) {
  self_->step([] { throw std::length_error{"too long"}; });
  consume_messages();
  CAF_CHECK_EQUAL(seen.lines(), died("too long"));
  CAF_CHECK_EQUAL(seen.exceptions(), 1u);
  CAF_CHECK_EQUAL(explain_death(reason), "too long");
}

CAF_TEST(an actor that is killed is one line) {
  caf::anon_send_exit(doomed, caf::exit_reason::kill);
  consume_messages();
  CAF_CHECK_EQUAL(seen.lines(), died("kill"));
  CAF_CHECK_EQUAL(seen.deaths("doomed"), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
