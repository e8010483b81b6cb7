// A run while the store is slow, away or no longer ours: what is stored first, what is tried again, what a client is told.

#define CAF_SUITE actors.sessions.store_trouble

#include "tests/support/node_fixture.hpp"
#include "tests/support/seen_log.hpp"

using namespace parley;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

const failure away{ec::store_unavailable, "The store is away.", {}};

/// Refuses writes of one type.
template <class Write>
std::function<std::optional<failure>(const store_write&)> refuse(failure why) {
  return [why](const store_write& write) { return std::holds_alternative<Write>(write) ? std::optional{why} : std::nullopt; };
}

struct fixture : node_fixture {
  void begin_run() {
    about = new_session({"m1"}).about.id;
    run = opened(question(about, "Hello"));
    log = read(run);
  }

  const message& stored() {
    auto* found = book->find(run.answers.at(0).id);
    CAF_REQUIRE(found != nullptr);
    return *found;
  }

  const std::vector<append_checkpoint>& checkpoints() {
    saved = book->all<append_checkpoint>();
    return saved;
  }

  session_id about;
  run_opened run;
  received_ptr log;
  std::vector<append_checkpoint> saved;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(store_trouble_tests, fixture)

// -- the end of an answer ----------------------------------------------------------------------------------------------

CAF_TEST(an answer waits for a store that comes back) {
  begin_run();
  book->refuse = refuse<store_answer>(away);
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  for (int i = 0; i < 10; ++i)
    pass(500ms);
  CAF_CHECK(!log->has("ad:"));
  CAF_CHECK_EQUAL(book->all<store_answer>().size(), 11u);
  book->refuse = nullptr;
  pass(500ms);
  CAF_CHECK_EQUAL(log->count("ad:{\"finishReason\":\"stop\""), 1);
  CAF_CHECK_EQUAL(log->ends, 1);
  CAF_CHECK_EQUAL(stored().content, "whole");
}

CAF_TEST(an answer that cannot be stored says so) {
  begin_run();
  seen_log seen;
  book->refuse = refuse<store_answer>(away);
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  for (int i = 0; i < 59; ++i)
    pass(500ms);
  CAF_CHECK(!log->has("ad:"));
  pass(500ms);
  CAF_CHECK_EQUAL(log->count("ad:{\"finishReason\":\"error\""), 1);
  CAF_CHECK(log->has("\"code\":\"store_unavailable\""));
  CAF_CHECK_EQUAL(log->ends, 1);
  CAF_CHECK_EQUAL(seen.setbacks("store_retry"), 60u);
  CAF_CHECK_EQUAL(seen.setbacks("answer_lost"), 1u);
  CAF_CHECK(seen.lines().back().starts_with("debug session=" + to_string(about) + " run="));
  CAF_CHECK(seen.lines().back().ends_with(" setback=answer_lost The store is away."));
}

CAF_TEST(an answer of an older epoch is interrupted) {
  begin_run();
  ++book->epochs[about]; // another owner took the session
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  CAF_CHECK_EQUAL(log->count("ad:{\"finishReason\":\"interrupted\""), 1);
  CAF_CHECK_EQUAL(log->ends, 1);
}

CAF_TEST(a store that takes back an epoch ends the session and says so) {
  begin_run();
  seen_log seen;
  book->epochs[about] = 0; // the next to open the session gets what this one has
  kill(alarmed(0));
  CAF_CHECK_EQUAL(seen.broken_invariants(), 1u);
  CAF_CHECK_EQUAL(seen.deaths("session"), 1u);
  auto lines = seen.lines_with("actor=session died: broken invariant: each time that a session is taken over its epoch rises (");
  CAF_REQUIRE_EQUAL(lines.size(), 1u);
  CAF_CHECK(lines[0].starts_with("error session=" + to_string(about) + " "));
  CAF_CHECK(ask<session_view>(sessions(), show_session{about}).has_value()); // it is loaded anew
}

CAF_TEST(a store that hangs is asked again) {
  begin_run();
  book->hold = true;
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  sched.advance_time(10s); // the request to the store runs out
  consume_messages();
  CAF_CHECK(!log->has("ad:"));
  release_store(); // the first one is carried out after all
  pass(500ms);
  CAF_CHECK_EQUAL(log->count("ad:{\"finishReason\":\"stop\""), 1);
  CAF_CHECK_EQUAL(stored().content, "whole");
}

CAF_TEST(a store that is away slows no stream) {
  begin_run();
  book->hold = true;
  upstream_does(0, [](auto& r) { r.accept(); });
  for (int i = 0; i < 10; ++i) {
    upstream_does(0, [](auto& r) { r.text(std::string(5'000, 'x')); });
    pass(1s);
    CAF_CHECK_EQUAL(log->count("a0:"), i + 1);
  }
}

// -- checkpoints -------------------------------------------------------------------------------------------------------

CAF_TEST(a long text is checkpointed by its bytes) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text(std::string(8'191, 'x')); });
  CAF_CHECK(checkpoints().empty());
  upstream_does(0, [](auto& r) { r.text("y"); });
  CAF_REQUIRE_EQUAL(checkpoints().size(), 1u);
  CAF_CHECK_EQUAL(checkpoints()[0].content.size(), 8'192u);
  CAF_CHECK_EQUAL(checkpoints()[0].position, 0u);
  upstream_does(0, [](auto& r) { r.text(std::string(8'192, 'z')); });
  CAF_REQUIRE_EQUAL(checkpoints().size(), 2u);
  CAF_CHECK_EQUAL(checkpoints()[1].content.size(), 8'192u);
  CAF_CHECK_EQUAL(checkpoints()[1].position, 8'192u);
  CAF_CHECK_EQUAL(stored().content.size(), 16'384u);
  CAF_CHECK(stored().status == message_status::streaming);
}

CAF_TEST(a short text is checkpointed by the time) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("one"); });
  pass(1'999ms);
  CAF_CHECK(checkpoints().empty());
  pass(1ms);
  CAF_REQUIRE_EQUAL(checkpoints().size(), 1u);
  CAF_CHECK_EQUAL(checkpoints()[0].content, "one");
  pass(10s); // nothing new, nothing to save
  CAF_CHECK_EQUAL(checkpoints().size(), 1u);
  upstream_does(0, [](auto& r) { r.text(" two"); });
  pass(2s);
  CAF_REQUIRE_EQUAL(checkpoints().size(), 2u);
  CAF_CHECK_EQUAL(checkpoints()[1].content, " two");
  CAF_CHECK_EQUAL(checkpoints()[1].position, 3u);
}

CAF_TEST(a checkpoint that failed is in the next one) {
  begin_run();
  book->refuse = refuse<append_checkpoint>(away);
  upstream_does(0, [](auto& r) { r.accept(), r.text("one"); });
  pass(2s);
  book->refuse = nullptr;
  upstream_does(0, [](auto& r) { r.text(" two"); });
  pass(2s);
  CAF_REQUIRE_EQUAL(checkpoints().size(), 2u);
  CAF_CHECK_EQUAL(checkpoints()[1].content, "one two");
  CAF_CHECK_EQUAL(checkpoints()[1].position, 0u);
  CAF_CHECK_EQUAL(stored().content, "one two");
}

CAF_TEST(while a checkpoint is under way there is no other and no hurry) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("one"); });
  book->hold = true;
  pass(2s);
  upstream_does(0, [](auto& r) { r.text(" two"); });
  pass(2s);
  CAF_CHECK_EQUAL(checkpoints().size(), 1u);
  CAF_CHECK(loop.next_alarm() > loop.now()); // it would ring again and again
  release_store();
  pass(2s);
  CAF_REQUIRE_EQUAL(checkpoints().size(), 2u);
  CAF_CHECK_EQUAL(checkpoints()[1].content, " two");
}

CAF_TEST(a restart voids what was checkpointed) {
  auto patient = std::make_shared<model>(*node->models.find("m1"));
  patient->restart_on_failure = true;
  patient->retries = 1;
  node->models = catalogue{{patient}};
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("void"); });
  pass(2s);
  upstream_does(0, [](auto& r) { r.fail(ec::upstream_truncated); });
  CAF_CHECK(log->has("a2:[{\"type\":\"restart\"}]\n"));
  pass(250ms);
  upstream_does(1, [](auto& r) { r.accept(), r.text("new"); });
  pass(2s);
  CAF_REQUIRE_EQUAL(checkpoints().size(), 2u);
  CAF_CHECK(!checkpoints()[0].begins_again);
  CAF_CHECK(checkpoints()[1].begins_again);
  CAF_CHECK_EQUAL(checkpoints()[1].position, 0u);
  CAF_CHECK_EQUAL(stored().content, "new");
  upstream_does(1, [](auto& r) { r.finish(); });
  CAF_CHECK_EQUAL(stored().content, "new");
}

// -- the beginning of a turn -------------------------------------------------------------------------------------------

CAF_TEST(a question that cannot be stored is refused and its upstream let go) {
  about = new_session({"m1"}).about.id;
  book->broken = away;
  auto refused = ask<run_opened>(sessions(), question(about, "Hello"));
  CAF_CHECK_EQUAL(code_of(refused), "store_unavailable");
  CAF_CHECK(loop.requests.at(0)->closed);
  book->broken.reset();
  run = opened(question(about, "Again"));
  CAF_CHECK(book->find(run.user) != nullptr);
  CAF_CHECK_EQUAL(book->sessions[about].title, "Again");
}

CAF_TEST(another attempt that cannot be stored leaves the session its title) {
  begin_run();
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  book->refuse = refuse<append_messages>({ec::id_conflict, "It is there already.", {}});
  CAF_CHECK_EQUAL(code_of(regenerate(run.answers[0].id)), "id_conflict");
  auto shown = ask<session_view>(sessions(), show_session{about});
  CAF_REQUIRE(shown.has_value());
  CAF_CHECK_EQUAL(shown->about.title, "Hello");
}

CAF_TEST(a session can be read while its store is away) {
  begin_run();
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  book->broken = away;
  CAF_CHECK_EQUAL(code_of(ask<run_opened>(sessions(), question(about, "More"))), "store_unavailable");
  for (int i = 0; i < 3; ++i) {
    pass(1s);
    auto all = ask<message_page>(sessions(), show_transcript{{about, std::nullopt, 50}});
    CAF_REQUIRE(all.has_value());
    CAF_CHECK_EQUAL(all->data.size(), 2u);
    CAF_CHECK(read(*attach(run.user))->has("a0:{\"content\":\"whole\"}"));
  }
  CAF_CHECK_EQUAL(code_of(ask<run_opened>(sessions(), question(about, "More"))), "store_unavailable");
  book->broken.reset();
  pass(1s);
  CAF_CHECK_EQUAL(code_of(ask<run_opened>(sessions(), question(about, "More"))), "-");
  CAF_CHECK_EQUAL(ask<message_page>(sessions(), show_transcript{{about, std::nullopt, 50}})->data.size(), 4u);
}

CAF_TEST(an answer in the spool is finished and said not to be stored) {
  begin_run();
  book->spools = true;
  upstream_does(0, [](auto& r) { r.answer("whole"); });
  CAF_CHECK_EQUAL(log->count("ad:{\"finishReason\":\"stop\""), 1);
  CAF_CHECK_EQUAL(log->count("\"stored\":false"), 1);
  CAF_CHECK_EQUAL(log->ends, 1);
  // The session goes by what it knows, and takes the next turn once the store is back.
  auto all = ask<message_page>(sessions(), show_transcript{{about, std::nullopt, 50}});
  CAF_REQUIRE(all.has_value());
  CAF_CHECK_EQUAL(all->data.back().content, "whole");
  book->spools = false;
  CAF_CHECK(!stored().finish);
  answered(about, "More", "Fine");
}

CAF_TEST(the same question gets in once the store is back) {
  about = new_session({"m1"}).about.id;
  auto id = new_id<message_id>();
  book->broken = away;
  CAF_CHECK_EQUAL(code_of(ask<run_opened>(sessions(), question(about, "Hello", id))), "store_unavailable");
  book->broken.reset();
  CAF_CHECK(opened(question(about, "Hello", id)).user == id);
}

CAF_TEST(a question that the store took too late is known when it is asked again) {
  about = new_session({"m1"}).about.id;
  auto id = new_id<message_id>();
  book->hold = true;
  auto first = begin<run_opened>(sessions(), question(about, "Hello", id));
  sched.advance_time(10s);
  consume_messages();
  CAF_CHECK_EQUAL(code_of(take(first)), "unavailable");
  release_store();
  sched.advance_time(10s);
  consume_messages();
  auto second = ask<run_opened>(sessions(), question(about, "Hello", id));
  CAF_CHECK_EQUAL(code_of(second), "-");
}

CAF_TEST(a coordinator that dies before its question is stored fails the request only) {
  about = new_session({"m1"}).about.id;
  auto id = new_id<message_id>();
  book->hold = true;
  auto first = begin<run_opened>(sessions(), question(about, "Hello", id));
  kill(alarmed(0));
  CAF_CHECK_EQUAL(code_of(take(first)), "internal");
  release_store();
  CAF_CHECK(loop.requests.at(0)->closed);
  auto again = ask<run_opened>(sessions(), question(about, "Hello", id));
  CAF_CHECK_EQUAL(code_of(again), "-");
  auto other = ask<run_opened>(sessions(), question(about, "Another"));
  CAF_CHECK_EQUAL(code_of(other), "-");
}

CAF_TEST(a coordinator that dies leaves what was checkpointed as interrupted) {
  begin_run();
  upstream_does(0, [](auto& r) { r.accept(), r.text("saved"); });
  pass(2s);
  upstream_does(0, [](auto& r) { r.text(" lost"); });
  kill(run.log);
  CAF_CHECK(loop.requests[0]->closed);
  CAF_CHECK_EQUAL(stored().content, "saved");
  CAF_CHECK(stored().finish == finish_reason::interrupted);
  auto shown = ask<message>(sessions(), show_message{run.answers[0].id});
  CAF_REQUIRE(shown.has_value());
  CAF_CHECK_EQUAL(shown->content, "saved");
  CAF_CHECK(shown->finish == finish_reason::interrupted);
  auto told_again = read(*attach(run.user));
  CAF_CHECK(told_again->has("{\"content\":\"saved\"}"));
  CAF_CHECK(told_again->has("ad:{\"finishReason\":\"interrupted\""));
  CAF_CHECK(!ask<session_view>(sessions(), show_session{about})->running);
  answered(about, "Next", "Fine");
  CAF_CHECK_EQUAL(book->messages.back().content, "Fine");
}

CAF_TEST_FIXTURE_SCOPE_END()
