// Sessions as things of their own: made, changed, deleted, let go of when idle, and ended with the node.

#define CAF_SUITE actors.sessions.sessions

#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

struct fixture : node_fixture {
  session_id direct() { return new_session({"m1"}).about.id; }

  /// The time of `sessions`, which looks each 15 s.
  void wait(std::chrono::seconds time) {
    for (auto passed = 0s; passed < time; passed += 15s) {
      sched.advance_time(15s);
      consume_messages();
    }
  }

  expected<session_view> show(session_id id) { return ask<session_view>(sessions(), show_session{id}); }
  expected<session_view> change(session_id id, session_changes wanted) {
    return ask<session_view>(sessions(), change_session{id, std::move(wanted)});
  }
  expected<store_written> remove(session_id id) { return ask<store_written>(sessions(), remove_session{id}); }
  expected<message_page> transcript(session_id id) { return ask<message_page>(sessions(), show_transcript{{id, {}, 50}}); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(sessions_tests, fixture)

CAF_TEST(a session is made of models that are there) {
  auto made = new_session({"m1", "m2"});
  CAF_CHECK_EQUAL(made.about.models.size(), 2u);
  CAF_CHECK(book->sessions.contains(made.about.id));
  auto refused = ask<session_view>(sessions(), make_session{session_mode::compare, {"m1", "none"}, {}});
  CAF_CHECK_EQUAL(code_of(refused), "invalid_request");
  CAF_CHECK_EQUAL(refused.error().param, "models[1]");
}

CAF_TEST(a running turn is shown while it runs) {
  auto about = direct();
  CAF_CHECK(!show(about)->running);
  auto run = opened(question(about, "Hello"));
  CAF_CHECK(show(about)->running->run == run.run);
  upstream_does(0, [](auto& r) { r.accept(), r.text("so far"); });
  auto now = transcript(about);
  CAF_REQUIRE_EQUAL(now->data.size(), 2u);
  CAF_CHECK_EQUAL(now->data[1].content, "so far");
  CAF_CHECK(now->data[1].status == message_status::streaming);
  auto page = ask<session_view_page>(sessions(), browse_sessions{});
  CAF_REQUIRE_EQUAL(page->data.size(), 1u);
  CAF_CHECK(page->data[0].running.has_value());
  upstream_does(0, [](auto& r) { r.finish(); });
  CAF_CHECK(!show(about)->running);
  CAF_CHECK(transcript(about)->data[1].status == message_status::success);
}

CAF_TEST(a change is stored before it is answered and undone if it cannot be) {
  auto about = direct();
  auto changed = change(about, {"New", "Be brief.", {}});
  CAF_CHECK_EQUAL(changed->about.title, "New");
  CAF_CHECK_EQUAL(book->sessions[about].system_prompt, "Be brief.");
  book->broken = failure{ec::store_unavailable, "Away.", {}};
  CAF_CHECK_EQUAL(code_of(change(about, {"Lost", {}, {}})), "store_unavailable");
  book->broken.reset();
  CAF_CHECK(show(about)->about.title == "New");
  answered(about, "Hello", "Hi");
  CAF_CHECK(loop.requests[0]->what.body.find("Be brief.") != std::string::npos);
}

CAF_TEST(a change that fails takes none along that came after it) {
  auto about = direct();
  book->hold = true;
  auto titled = begin<session_view>(sessions(), change_session{about, {"Lost", {}, {}}});
  auto prompted = begin<session_view>(sessions(), change_session{about, {{}, "Be brief.", {}}});
  book->refuse = [this](const store_write&) -> std::optional<failure> {
    book->refuse = nullptr;
    return failure{ec::store_unavailable, "Away.", {}};
  };
  release_store();
  CAF_CHECK_EQUAL(code_of(take(titled)), "store_unavailable");
  CAF_CHECK_EQUAL(code_of(take(prompted)), "-");
  CAF_CHECK(show(about)->about == book->sessions[about]);
  CAF_CHECK(show(about)->about.system_prompt == "Be brief.");
}

CAF_TEST(a change waits for the word of a store that was away) {
  auto about = direct();
  book->broken = failure{ec::store_unavailable, "Away.", {}};
  CAF_CHECK_EQUAL(code_of(change(about, {"Lost", {}, {}})), "store_unavailable");
  CAF_CHECK_EQUAL(code_of(change(about, {"Lost again", {}, {}})), "store_unavailable");
  book->broken.reset();
  CAF_CHECK_EQUAL(code_of(change(about, {"New", {}, {}})), "-");
  CAF_CHECK_EQUAL(book->loads, 1);
  CAF_CHECK_EQUAL(book->sessions[about].title, "New");
}

CAF_TEST(deleting a session stops its run and then it is gone) {
  auto about = direct();
  auto run = opened(question(about, "Hello"));
  auto log = read(run);
  CAF_CHECK_EQUAL(code_of(remove(about)), "-");
  CAF_CHECK(loop.requests[0]->closed);
  CAF_CHECK(log->has("ad:{\"finishReason\":\"cancelled\""));
  CAF_CHECK_EQUAL(log->ends, 1);
  CAF_CHECK_EQUAL(code_of(show(about)), "not_found");
  CAF_CHECK_EQUAL(code_of(transcript(about)), "not_found");
  CAF_CHECK_EQUAL(code_of(remove(about)), "not_found");
  CAF_CHECK_EQUAL(code_of(change(about, {"Late", {}, {}})), "not_found");
  CAF_CHECK_EQUAL(code_of(ask<run_opened>(sessions(), question(about, "Late"))), "not_found");
  CAF_CHECK_EQUAL(code_of(attach(run.user)), "not_found");
}

CAF_TEST(deleting twice at once answers both) {
  auto about = direct();
  book->hold = true;
  auto first = begin<store_written>(sessions(), remove_session{about});
  auto second = begin<store_written>(sessions(), remove_session{about});
  CAF_CHECK_EQUAL(code_of(ask<run_opened>(sessions(), question(about, "Late"))), "not_found");
  release_store();
  CAF_CHECK_EQUAL(code_of(take(first)), "-");
  CAF_CHECK_EQUAL(code_of(take(second)), "-");
}

CAF_TEST(a session that could not be deleted can be used) {
  auto about = direct();
  book->broken = failure{ec::store_unavailable, "Away.", {}};
  CAF_CHECK_EQUAL(code_of(remove(about)), "store_unavailable");
  book->broken.reset();
  answered(about, "Hello", "Hi");
}

// -- letting go --------------------------------------------------------------------------------------------------------

CAF_TEST(an idle session leaves memory and comes back when it is asked) {
  auto about = direct();
  answered(about, "Hello", "Hi");
  wait(585s);
  answered(about, "Still", "Here");
  CAF_CHECK_EQUAL(book->loads, 0);
  wait(615s);
  CAF_CHECK(show(about)->about.title == "Hello"); // a look does not bring it back
  CAF_CHECK_EQUAL(book->loads, 0);
  answered(about, "Again", "Back");
  CAF_CHECK_EQUAL(book->loads, 1);
  CAF_CHECK(loop.requests.back()->what.body.find("Here") != std::string::npos);
}

CAF_TEST(a session with a run is not idle) {
  auto about = direct();
  auto log = read(opened(question(about, "Hello")));
  wait(900s);
  upstream_does(0, [](auto& r) { r.answer("late"); });
  CAF_CHECK_EQUAL(log->count("ad:{\"finishReason\":\"stop\""), 1);
  CAF_CHECK_EQUAL(book->loads, 0);
}

CAF_TEST(a session is let go of and loaded again as often as need be) {
  auto about = direct();
  for (int i = 0; i < 4; ++i) {
    answered(about, "Again", "Back");
    wait(615s);
  }
  CAF_CHECK_EQUAL(book->loads, 3);
  CAF_CHECK_EQUAL(book->messages.size(), 8u);
}

CAF_TEST(a request between the question and the answer about idleness keeps the session) {
  auto about = direct();
  answered(about, "Hello", "Hi");
  wait(585s);
  sched.advance_time(30s);
  // The sweep and `ask_idle` are handled; the session's answer waits while a request is passed on.
  auto result = std::make_shared<std::optional<expected<run_opened>>>();
  for (int steps = 0; steps < 3; ++steps)
    sched.run_once();
  auto asker = sys.spawn(
    [result, to = sessions(), wanted = question(about, "In between"), home = run_home{&loop}](caf::event_based_actor* me) {
      me->request(to, caf::infinite, wanted, home)
        .then([result](const run_opened& run) { *result = run; },
              [result](const caf::error& why) { *result = tl::unexpected{to_failure(why)}; });
    });
  consume_messages();
  CAF_REQUIRE(result->has_value());
  CAF_CHECK_EQUAL(code_of(**result), "-");
  upstream_does(1, [](auto& r) { r.answer("Fine"); });
  CAF_CHECK_EQUAL(book->messages.back().content, "Fine");
}

CAF_TEST(a session that was asked everything leaves memory when it is idle) {
  auto made = new_session({"m1", "m2"}).about.id;
  auto run = opened(question(made, "Hello"));
  auto answer = run.answers[0].id;
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hi"); });
  CAF_CHECK_EQUAL(code_of(ask<message>(sessions(), show_message{answer})), "-");
  CAF_CHECK_EQUAL(code_of(ask<stopped_answers>(sessions(), stop_message{run.user})), "-");
  CAF_CHECK_EQUAL(code_of(regenerate(answer)), "-");
  upstream_does(2, [](auto& r) { r.answer("Hey"); });
  CAF_CHECK_EQUAL(code_of(attach(run.user)), "-");
  CAF_CHECK_EQUAL(code_of(ask<vote_view>(sessions(), cast_vote{run.user, {}})), "-");
  CAF_CHECK_EQUAL(code_of(change(made, {"Named", {}, {}})), "-");
  CAF_CHECK_EQUAL(code_of(show(made)), "-");
  CAF_CHECK_EQUAL(code_of(transcript(made)), "-");
  CAF_CHECK_EQUAL(code_of(ask<session_state_view>(sessions(), show_state{made, {}})), "-");
  auto listener = sys.spawn([](session_listener::pointer) -> session_listener::behavior_type {
    return {[](const run_announced&) {}, [](const session_announced&) {}};
  });
  auto watches = sys.spawn([to = sessions(), listener, made](caf::event_based_actor* me) {
    me->request(to, caf::infinite, watch_session{made}, listener).then([](const session_view&) {}, [](const caf::error&) {});
  });
  caf::anon_send(sessions(), relay_typing{made, 1, "somebody", true});
  caf::anon_send(sessions(), answer_unspooled{*book->find(answer)});
  consume_messages();
  // A request that waits for the stored state comes to the session once more.
  book->broken = failure{ec::store_unavailable, "Away.", {}};
  CAF_CHECK_EQUAL(code_of(change(made, {"Lost", {}, {}})), "store_unavailable");
  book->broken.reset();
  CAF_CHECK_EQUAL(code_of(change(made, {"Named again", {}, {}})), "-");
  auto loads = book->loads;
  wait(615s);
  auto watched = opened(question(made, "Watched"));
  CAF_CHECK_EQUAL(code_of(ask<stopped_answers>(sessions(), stop_message{watched.user})), "-");
  CAF_CHECK_EQUAL(book->loads, loads);
  kill(listener);
  wait(615s);
  opened(question(made, "Again"));
  CAF_CHECK_EQUAL(book->loads, loads + 1);
}

CAF_TEST(a restarted node loads a session when it is asked) {
  auto about = direct();
  answered(about, "Hello", "Hi");
  auto other = direct();
  answered(other, "Other", "Fine");
  restart_node();
  answered(about, "Again", "Back");
  CAF_CHECK_EQUAL(book->loads, 1);
}

// -- the end of the node -----------------------------------------------------------------------------------------------

CAF_TEST(a draining node finishes its runs and takes no new ones) {
  auto about = direct();
  auto log = read(opened(question(about, "Hello")));
  auto drained = begin<store_written>(sessions(), drain_node{});
  CAF_CHECK(!drained->has_value());
  CAF_CHECK_EQUAL(code_of(ask<run_opened>(sessions(), question(about, "Late"))), "unavailable");
  CAF_CHECK_EQUAL(code_of(ask<session_view>(sessions(), make_session{session_mode::direct, {"m1"}, {}})), "unavailable");
  CAF_CHECK_EQUAL(code_of(show(about)), "-");
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  CAF_CHECK(log->has("ad:{\"finishReason\":\"stop\""));
  CAF_CHECK(drained->has_value());
}

CAF_TEST(a node that cannot wait interrupts its runs) {
  auto log = read(opened(question(direct(), "Hello")));
  upstream_does(0, [](auto& r) { r.accept(), r.text("half"); });
  auto drained = begin<store_written>(sessions(), drain_node{});
  CAF_CHECK(!drained->has_value());
  CAF_CHECK_EQUAL(code_of(ask<store_written>(sessions(), drain_node{true})), "-");
  CAF_CHECK(drained->has_value());
  CAF_CHECK(log->has("ad:{\"finishReason\":\"interrupted\""));
  CAF_CHECK_EQUAL(log->ends, 1);
  CAF_CHECK_EQUAL(book->messages.back().content, "half");
}

CAF_TEST(a node without runs is drained at once) {
  direct();
  CAF_CHECK_EQUAL(code_of(ask<store_written>(sessions(), drain_node{})), "-");
}

CAF_TEST_FIXTURE_SCOPE_END()
