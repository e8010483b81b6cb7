// A session that is being deleted while something else goes on, and one that the store did not delete.

#define CAF_SUITE actors.sessions.removal

#include "tests/support/node_fixture.hpp"

#include <algorithm>

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

const failure away{ec::store_unavailable, "The store is away.", {}};
const failure broken{ec::internal, "The store is broken.", {}};

struct fixture : node_fixture {
  fixture() { about = new_session({"m1"}).about.id; }

  pending<store_written> removing() { return begin<store_written>(sessions(), remove_session{about}); }

  /// The store carries out all that waits, but for the deletion.
  void release_but_deletion(failure why) {
    book->refuse = [why](const store_write& what) {
      return std::holds_alternative<delete_session>(what) ? std::optional{why} : std::nullopt;
    };
    release_store();
    book->refuse = nullptr;
  }

  expected<session_view> show() { return ask<session_view>(sessions(), show_session{about}); }

  bool listed_as_running() {
    auto page = ask<session_view_page>(sessions(), browse_sessions{});
    CAF_REQUIRE(page.has_value());
    return std::any_of(page->data.begin(), page->data.end(), [](auto& each) { return each.running.has_value(); });
  }

  session_id about;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(removal_tests, fixture)

CAF_TEST(a session whose coordinator died is not running after its deletion has failed) {
  auto run = opened(question(about, "Hello"));
  book->hold = true;
  auto removal = removing(); // the run is to stop first, and waits for the store
  kill(run.log);
  release_but_deletion(broken);
  CAF_CHECK_EQUAL(code_of(take(removal)), "internal");
  CAF_CHECK(!show()->running);
  CAF_CHECK(!listed_as_running());
  CAF_CHECK_EQUAL(book->loads, 1);
  answered(about, "Again", "Fine");
}

CAF_TEST(a drain is answered when a coordinator died during a deletion that failed) {
  auto run = opened(question(about, "Hello"));
  book->hold = true;
  auto removal = removing();
  kill(run.log);
  auto drained = begin<store_written>(sessions(), drain_node{});
  CAF_CHECK(!drained->has_value());
  release_but_deletion(broken);
  CAF_CHECK(drained->has_value());
}

CAF_TEST(a drain is answered when a coordinator died during a deletion that succeeded) {
  auto run = opened(question(about, "Hello"));
  book->hold = true;
  auto removal = removing();
  kill(run.log);
  auto drained = begin<store_written>(sessions(), drain_node{});
  release_store();
  CAF_CHECK_EQUAL(code_of(take(removal)), "-");
  CAF_CHECK(drained->has_value());
  CAF_CHECK_EQUAL(code_of(show()), "not_found");
}

CAF_TEST(a deletion that the store carried out and could not tell of is found out) {
  book->refuse = [this](const store_write& what) -> std::optional<failure> {
    if (!std::holds_alternative<delete_session>(what))
      return std::nullopt;
    book->refuse = nullptr;
    (void) book->carry_out(what);
    return away;
  };
  CAF_CHECK_EQUAL(code_of(take(removing())), "store_unavailable");
  CAF_CHECK_EQUAL(code_of(show()), "not_found");
}

CAF_TEST(a change that may be stored is looked up after a deletion that failed) {
  book->hold = true;
  auto renamed = begin<session_view>(sessions(), change_session{about, {"Named", {}, {}}});
  auto removal = removing();
  bool carried_out = false;
  book->refuse = [this, &carried_out](const store_write& what) -> std::optional<failure> {
    if (std::holds_alternative<delete_session>(what))
      return broken;
    if (!std::holds_alternative<update_session>(what) || std::exchange(carried_out, true))
      return std::nullopt;
    (void) book->carry_out(what);
    return away;
  };
  release_store();
  CAF_CHECK_EQUAL(code_of(take(renamed)), "store_unavailable");
  CAF_CHECK_EQUAL(code_of(take(removal)), "internal");
  CAF_CHECK(show()->about.title == "Named");
}

CAF_TEST(a session is deleted while it is being reloaded) {
  book->broken = away;
  CAF_CHECK_EQUAL(code_of(ask<session_view>(sessions(), change_session{about, {"Lost", {}, {}}})), "store_unavailable");
  book->broken.reset();
  book->hold = true;
  sched.advance_time(1s); // the pause is over, and the store is asked
  consume_messages();
  auto removal = removing();
  release_store();
  CAF_CHECK_EQUAL(code_of(take(removal)), "-");
  CAF_CHECK_EQUAL(code_of(show()), "not_found");
}

CAF_TEST(who waits for a deletion is answered though a reload before it failed for good) {
  book->broken = away;
  CAF_CHECK_EQUAL(code_of(ask<session_view>(sessions(), change_session{about, {"Lost", {}, {}}})), "store_unavailable");
  book->broken.reset();
  book->hold = true;
  sched.advance_time(1s);
  consume_messages();
  auto removal = removing();
  book->refuse = [](const store_write& what) -> std::optional<failure> {
    return std::holds_alternative<open_session>(what) ? std::optional{broken} : std::nullopt;
  };
  release_store();
  CAF_CHECK_EQUAL(code_of(take(removal)), "-");
}

CAF_TEST(nothing is changed in a session that is being deleted) {
  book->hold = true;
  auto removal = removing();
  CAF_CHECK_EQUAL(code_of(ask<session_view>(sessions(), change_session{about, {"Late", {}, {}}})), "not_found");
  CAF_CHECK_EQUAL(code_of(ask<run_opened>(sessions(), question(about, "Late"))), "not_found");
  CAF_CHECK(book->all<update_session>().empty());
  release_store();
  CAF_CHECK_EQUAL(code_of(take(removal)), "-");
}

CAF_TEST(requests while the store is away do not make the session ask it more often) {
  auto wait = [this](int tenths) {
    for (int i = 0; i < tenths; ++i) {
      sched.advance_time(100ms);
      consume_messages();
    }
  };
  book->broken = away;
  for (int i = 0; i < 5; ++i) {
    CAF_CHECK_EQUAL(code_of(ask<session_view>(sessions(), change_session{about, {"Lost", {}, {}}})), "store_unavailable");
    wait(1);
  }
  auto asked = book->all<open_session>().size();
  wait(10);
  CAF_CHECK_EQUAL(book->all<open_session>().size(), asked + 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
