// Votes, and what a random session hides until there is one.

#define CAF_SUITE actors.sessions.votes

#include "core/blinding.hpp"
#include "tests/support/node_fixture.hpp"
#include "wire/objects/object_json.hpp"

#include <map>

using namespace parley;
using namespace parley::test;

namespace {

struct fixture : node_fixture {
  session_view random_session() {
    make_session wanted;
    wanted.mode = session_mode::random;
    auto made = ask<session_view>(sessions(), wanted);
    CAF_REQUIRE(made.has_value());
    return *made;
  }

  /// The newest run's upstream requests answer, each its own text.
  run_opened both_answered(session_id about, const std::string& text = "Which?") {
    auto run = opened(question(about, text));
    both_answer();
    return run;
  }

  void both_answer() {
    auto count = loop.requests.size();
    upstream_does(count - 2, [](auto& r) { r.answer("Left"); });
    upstream_does(count - 1, [](auto& r) { r.answer("Right"); });
  }

  expected<vote_view> vote(message_id question, std::string_view choice = "a") {
    return ask<vote_view>(sessions(), cast_vote{question, *parse_preference(choice)});
  }

  std::vector<message> transcript(session_id id) {
    auto page = ask<message_page>(sessions(), show_transcript{list_messages{id, std::nullopt, 50}});
    CAF_REQUIRE(page.has_value());
    return std::move(page->data);
  }

  bool is_blind(session_id id) { return ask<session_view>(sessions(), show_session{id})->about.blind; }

  std::vector<record_vote> stored_votes() { return book->all<record_vote>(); }

  /// True if none of these has left for a reader or a client: what names a model, or what is its own.
  static bool tells_nothing(const std::string& text) {
    for (auto part : {"m1", "m2", "m3", "promptTokens", "prompt_tokens", "call_of_theirs", "secret words"})
      if (text.find(part) != std::string::npos) {
        CAF_MESSAGE("'" << part << "' is in " << text);
        return false;
      }
    return true;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(vote_tests, fixture)

// -- random sessions ---------------------------------------------------------------------------------------------------

CAF_TEST(every pair of models is drawn in either order) {
  std::map<std::pair<std::string, std::string>, int> drawn;
  for (int i = 0; i < 300; ++i) {
    auto about = random_session().about;
    CAF_REQUIRE_EQUAL(about.models.size(), 2u);
    CAF_CHECK(about.blind);
    ++drawn[{about.models[0].id, about.models[1].id}];
  }
  CAF_CHECK_EQUAL(drawn.size(), 6u); // of three: one of them is missing in less than one of 10^22 runs
  for (auto& [pair, times] : drawn)
    CAF_CHECK_NOT_EQUAL(pair.first, pair.second);
}

CAF_TEST(only available models are drawn and two are needed) {
  auto at = node->models.all()[0]->at;
  auto absent = std::make_shared<model>(*make_model("m2", at));
  absent->available = false;
  node->models = catalogue{{make_model("m1", at), absent, make_model("m3", at)}};
  for (int i = 0; i < 40; ++i)
    for (auto& label : random_session().about.models)
      CAF_CHECK_NOT_EQUAL(label.id, "m2");
  restart_node();
  node->models = catalogue{{make_model("m1", at), absent}};
  make_session wanted;
  wanted.mode = session_mode::random;
  CAF_CHECK_EQUAL(code_of(ask<session_view>(sessions(), wanted)), "invalid_request");
}

CAF_TEST(the demo is drawn only where there are not two others) {
  auto at = node->models.all()[0]->at;
  auto demo = std::make_shared<upstream>(*at);
  demo->kind = provider_kind::demo;
  node->models = catalogue{{make_model("d1", demo), make_model("m1", at), make_model("d2", demo), make_model("m2", at)}};
  for (int i = 0; i < 40; ++i)
    for (auto& label : random_session().about.models)
      CAF_CHECK(label.id.starts_with('m'));
  restart_node();
  node->models = catalogue{{make_model("d1", demo), make_model("m1", at)}};
  CAF_CHECK_EQUAL(random_session().about.models.size(), 2u);
}

CAF_TEST(until the vote nothing tells whose answers they are) {
  auto about = random_session().about;
  auto run = opened(question(about.id, "Which?"));
  std::vector<received_ptr> logs;
  for (auto* format : {&wire::lines_stream(), &wire::sse_stream(), &wire::ws_stream()})
    logs.push_back(read(run, *format));
  upstream_does(0, [](auto& r) {
    r.accept();
    r.body(R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_of_theirs","type":"function",)"
           R"("function":{"name":"find","arguments":"{\"q\":"}}]}}]})"
           "\n\n");
    r.body(R"(data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]})"
           "\n\n");
    r.body("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4711,\"completion_tokens\":4712}}\n\n");
    r.finish("tool_calls");
  });
  upstream_does(1, [](auto& r) {
    r.respond(400);
    r.body(R"({"error":{"message":"secret words of m1 and m2"}})");
    r.end();
  });
  logs.push_back(read(*attach(run.user)));
  auto shown = transcript(about.id);
  CAF_REQUIRE_EQUAL(shown.size(), 3u);
  restart_node();
  logs.push_back(read(*attach(run.user)));
  for (auto& log : logs) {
    CAF_CHECK(log->ended());
    CAF_CHECK(log->has("upstream_rejected"));
    CAF_CHECK(log->has("tool-1"));
    CAF_CHECK(tells_nothing(log->text));
  }
  for (auto& messages : {shown, transcript(about.id)})
    for (auto& m : messages)
      CAF_CHECK(tells_nothing(wire::to_text(wire::to_json(m))));
  CAF_CHECK(tells_nothing(wire::to_text(wire::to_json(about, std::nullopt))));
  auto state = ask<session_state_view>(sessions(), show_state{about.id, {}});
  CAF_REQUIRE(state.has_value());
  CAF_CHECK_EQUAL(state->messages.size(), 3u);
  for (auto& m : state->messages)
    CAF_CHECK(tells_nothing(wire::to_text(wire::to_json(m))));
  // It is all there, and a vote shows it.
  CAF_REQUIRE(vote(run.user, "both_bad").has_value());
  auto now = transcript(about.id);
  CAF_CHECK_EQUAL(now[1].usage->prompt_tokens, 4711);
  CAF_CHECK(now[1].model == about.models[0]);
  CAF_CHECK(now[2].error->message.find("secret words") != std::string::npos);
  for (auto& m : now)
    CAF_CHECK(!m.blind);
  CAF_CHECK(!tells_nothing(wire::to_text(wire::to_json(now[2]))));
}

CAF_TEST(a model that is gone is not named before the vote) {
  auto about = random_session().about;
  restart_node();
  node->models = catalogue{};
  auto refused = ask<run_opened>(sessions(), question(about.id, "Which?"));
  CAF_REQUIRE(!refused.has_value());
  CAF_CHECK(tells_nothing(refused.error().message));
  CAF_CHECK(refused.error().message.find("not available") != std::string::npos);
}

// -- votes -------------------------------------------------------------------------------------------------------------

CAF_TEST(the first vote of a random session counts and shows the names and later ones do not count) {
  auto about = random_session().about;
  auto first = both_answered(about.id);
  auto second = both_answered(about.id, "And now?");
  wall += 50;
  auto cast = vote(first.user, "b");
  CAF_REQUIRE(cast.has_value());
  CAF_CHECK(cast->given.counted);
  CAF_CHECK(cast->turn == first.turn);
  CAF_CHECK(!cast->about.about.blind);
  CAF_CHECK(cast->about.about.updated_at == wall);
  CAF_CHECK(!is_blind(about.id));
  auto stored = stored_votes().at(0);
  CAF_CHECK_EQUAL(stored.left_model, about.models[0].id);
  CAF_CHECK_EQUAL(stored.right_model, about.models[1].id);
  CAF_CHECK_EQUAL(stored.voter, only_voter);
  auto later = vote(second.user, "a");
  CAF_REQUIRE(later.has_value());
  CAF_CHECK(!later->given.counted);
  CAF_CHECK(stored_votes().at(1).left_model.empty());
  auto shown = transcript(about.id);
  CAF_CHECK(shown[0].vote == cast->given);
  CAF_CHECK(shown[3].vote == later->given);
  // Who asks on is answered in the open.
  both_answered(about.id, "And again?");
  CAF_CHECK(!transcript(about.id).back().blind);
}

CAF_TEST(votes on two turns at once do not both count) {
  auto about = random_session().about;
  auto first = both_answered(about.id);
  auto second = both_answered(about.id, "And now?");
  book->hold = true;
  auto one = begin<vote_view>(sessions(), cast_vote{first.user, {}});
  auto two = begin<vote_view>(sessions(), cast_vote{second.user, {}});
  release_store();
  CAF_CHECK(take(one)->given.counted);
  CAF_CHECK(!take(two)->given.counted);
}

CAF_TEST(the leaderboard is told of a vote that counts before its voter has the answer) {
  auto told = std::make_shared<int>(0);
  votes = ends(
    sys.spawn([told](vote_listener::pointer) -> vote_listener::behavior_type { return {[told](votes_changed) { ++*told; }}; }));
  auto about = random_session().about;
  auto first = both_answered(about.id);
  auto second = both_answered(about.id, "And now?");
  auto known = std::make_shared<int>(-1);
  auto voter = sys.spawn([told, known, to = sessions(), id = first.user](caf::event_based_actor* me) {
    me->request(to, caf::infinite, cast_vote{id, {}}).then([told, known](const vote_view&) { *known = *told; });
  });
  consume_messages();
  CAF_CHECK_EQUAL(*known, 1);
  CAF_CHECK(!vote(second.user)->given.counted);
  CAF_CHECK_EQUAL(*told, 1);
}

CAF_TEST(the leaderboard is told of a vote that the store took and could not tell of) {
  auto told = std::make_shared<int>(0);
  votes = ends(
    sys.spawn([told](vote_listener::pointer) -> vote_listener::behavior_type { return {[told](votes_changed) { ++*told; }}; }));
  auto about = random_session().about;
  auto run = both_answered(about.id);
  book->refuse = [this](const store_write& what) -> std::optional<failure> {
    if (!std::holds_alternative<record_vote>(what))
      return std::nullopt;
    book->refuse = nullptr;
    (void) book->carry_out(what);
    return failure{ec::store_unavailable, "The store is away.", {}};
  };
  CAF_CHECK_EQUAL(code_of(vote(run.user)), "store_unavailable");
  CAF_CHECK_EQUAL(*told, 1);
}

CAF_TEST(a vote stays as it is) {
  auto about = random_session().about;
  auto run = both_answered(about.id);
  CAF_CHECK(vote(run.user, "a").has_value());
  CAF_CHECK_EQUAL(code_of(vote(run.user, "a")), "already_voted");
  CAF_CHECK_EQUAL(code_of(vote(run.user, "tie")), "already_voted");
  restart_node();
  CAF_CHECK_EQUAL(code_of(vote(run.user, "a")), "already_voted");
  CAF_CHECK_EQUAL(stored_votes().size(), 1u);
}

CAF_TEST(two equal votes at once are one) {
  auto about = random_session().about;
  auto run = both_answered(about.id);
  book->hold = true;
  auto one = begin<vote_view>(sessions(), cast_vote{run.user, {}});
  auto two = begin<vote_view>(sessions(), cast_vote{run.user, {}});
  release_store();
  CAF_CHECK(take(one).has_value());
  CAF_CHECK_EQUAL(code_of(take(two)), "already_voted");
  release_store(); // what the session asks of it after that
  CAF_CHECK(!is_blind(about.id));
}

CAF_TEST(a run that began beside two equal votes is answered) {
  auto about = random_session().about;
  auto first = both_answered(about.id);
  book->hold = true;
  auto one = begin<vote_view>(sessions(), cast_vote{first.user, {}});
  auto two = begin<vote_view>(sessions(), cast_vote{first.user, {}});
  auto next = begin<run_opened>(sessions(), question(about.id, "And now?"));
  release_store();
  CAF_CHECK_EQUAL(code_of(take(two)), "already_voted");
  auto run = take(next);
  CAF_REQUIRE(run.has_value());
  both_answer();
  for (auto& answer : run->answers)
    CAF_CHECK(book->find(answer.id)->status == message_status::success);
}

CAF_TEST(there is nothing to vote on but whole turns of several answers) {
  auto about = random_session().about;
  auto run = opened(question(about.id, "Which?"));
  CAF_CHECK_EQUAL(code_of(vote(run.user)), "turn_in_progress");
  upstream_does(0, [](auto& r) { r.answer("Left"); });
  CAF_CHECK_EQUAL(code_of(vote(run.user)), "turn_in_progress");
  upstream_does(1, [](auto& r) { r.answer("Right"); });
  CAF_CHECK_EQUAL(code_of(vote(run.answers[0].id)), "not_found");
  CAF_CHECK_EQUAL(code_of(vote(new_id<message_id>())), "not_found");
  CAF_CHECK_EQUAL(code_of(vote(run.user, "c")), "invalid_request");
  CAF_CHECK(stored_votes().empty());
  auto direct = answered(new_session({"m1"}).about.id, "Hello", "Hi");
  CAF_CHECK_EQUAL(code_of(vote(direct.user)), "invalid_request");
  CAF_CHECK(is_blind(about.id));
}

CAF_TEST(a vote among chosen models is kept and does not count) {
  auto about = new_session({"m1", "m2", "m3"}).about;
  auto run = opened(question(about.id, "Which?"));
  for (std::size_t i = 0; i < 3; ++i)
    upstream_does(i, [](auto& r) { r.answer("Something"); });
  auto cast = vote(run.user, "c");
  CAF_REQUIRE(cast.has_value());
  CAF_CHECK(!cast->given.counted);
  CAF_CHECK(cast->given.choice.best == participant{2});
}

CAF_TEST(a vote on an answer that is not whole is kept and does not count) {
  auto about = random_session().about;
  auto run = opened(question(about.id, "Which?"));
  upstream_does(0, [](auto& r) { r.answer("Left"); });
  upstream_does(1, [](auto& r) { r.respond(400), r.end(); });
  CAF_CHECK(!vote(run.user, "a")->given.counted);
  CAF_CHECK(!is_blind(about.id));
}

CAF_TEST(what counts is the model that answered) {
  auto at = node->models.all()[0]->at;
  auto first = std::make_shared<model>(*make_model("m1", at));
  first->fallback = "m3";
  auto second = std::make_shared<model>(*make_model("m2", at));
  second->fallback = "m3";
  node->models = catalogue{{first, second, make_model("m3", at)}};
  session_view made;
  do
    made = random_session();
  while (made.about.models[0].id != "m1" || made.about.models[1].id != "m2");
  auto run = opened(question(made.about.id, "Which?"));
  upstream_does(0, [](auto& r) { r.fail(ec::upstream_unreachable); });
  upstream_does(1, [](auto& r) { r.answer("Right"); });
  upstream_does(2, [](auto& r) { r.answer("The fallback's"); });
  CAF_CHECK(vote(run.user, "a")->given.counted);
  auto counted = stored_votes().at(0);
  CAF_CHECK_EQUAL(counted.left_model, "m3");
  CAF_CHECK_EQUAL(counted.right_model, "m2");
  // Both fell back to the same: that compares nothing.
  do
    made = random_session();
  while (made.about.models[0].id != "m1" || made.about.models[1].id != "m2");
  auto begun = loop.requests.size();
  run = opened(question(made.about.id, "Which?"));
  for (auto i : {begun, begun + 1})
    upstream_does(i, [](auto& r) { r.fail(ec::upstream_unreachable); });
  both_answer();
  CAF_CHECK(!vote(run.user, "a")->given.counted);
}

CAF_TEST(the newest answers are judged) {
  auto about = random_session().about;
  auto run = opened(question(about.id, "Which?"));
  upstream_does(0, [](auto& r) { r.respond(400), r.end(); });
  upstream_does(1, [](auto& r) { r.answer("Right"); });
  CAF_REQUIRE(regenerate(run.answers[0].id).has_value());
  CAF_CHECK_EQUAL(code_of(vote(run.user)), "turn_in_progress");
  upstream_does(2, [](auto& r) { r.answer("Left, at last"); });
  CAF_CHECK(vote(run.user, "a")->given.counted);
}

CAF_TEST(a vote that the store does not take is none) {
  auto about = random_session().about;
  auto run = both_answered(about.id);
  book->refuse = [](const store_write& what) -> std::optional<failure> {
    if (std::holds_alternative<record_vote>(what))
      return failure{ec::store_unavailable, "The store is away.", {}};
    return std::nullopt;
  };
  CAF_CHECK_EQUAL(code_of(vote(run.user)), "store_unavailable");
  CAF_CHECK(is_blind(about.id));
  book->refuse = nullptr;
  CAF_CHECK(vote(run.user)->given.counted);
}

CAF_TEST(a vote that the store took and could not tell of is found) {
  auto about = random_session().about;
  auto run = both_answered(about.id);
  book->refuse = [this](const store_write& what) -> std::optional<failure> {
    if (!std::holds_alternative<record_vote>(what))
      return std::nullopt;
    book->refuse = nullptr;
    (void) book->carry_out(what);
    return failure{ec::store_unavailable, "The store is away.", {}};
  };
  CAF_CHECK_EQUAL(code_of(vote(run.user)), "store_unavailable");
  CAF_CHECK(!is_blind(about.id));
  CAF_CHECK_EQUAL(code_of(vote(run.user)), "already_voted");
}

CAF_TEST(a change that fails hides nothing again) {
  auto about = random_session().about;
  auto run = both_answered(about.id);
  book->hold = true;
  change_session renaming{about.id, {}};
  renaming.wanted.title = "Named";
  auto renamed = begin<session_view>(sessions(), renaming);
  auto cast = begin<vote_view>(sessions(), cast_vote{run.user, {}});
  std::swap(book->held[0], book->held[1]);
  book->refuse = [](const store_write& what) -> std::optional<failure> {
    if (std::holds_alternative<update_session>(what))
      return failure{ec::store_unavailable, "The store is away.", {}};
    return std::nullopt;
  };
  release_store();
  CAF_CHECK(take(cast).has_value());
  CAF_CHECK_EQUAL(code_of(take(renamed)), "store_unavailable");
  CAF_CHECK(!is_blind(about.id));
}

CAF_TEST(an answer out of the spool is as blind as its session) {
  auto about = random_session().about;
  auto run = opened(question(about.id, "Which?"));
  book->spools = true;
  both_answer();
  auto spooled = book->all<store_answer>().at(0).answer;
  spooled.blind = false; // a spool keeps no such thing
  caf::anon_send(sessions(), answer_unspooled{spooled});
  consume_messages();
  CAF_CHECK(transcript(about.id)[1].blind);
}

CAF_TEST(a run that a vote overtakes ends in the open) {
  auto about = random_session().about;
  auto first = both_answered(about.id);
  book->hold = true;
  auto cast = begin<vote_view>(sessions(), cast_vote{first.user, {}});
  auto second = begin<run_opened>(sessions(), question(about.id, "And now?"));
  release_store();
  CAF_REQUIRE(take(cast).has_value());
  both_answer();
  CAF_REQUIRE(take(second).has_value());
  for (auto& m : transcript(about.id))
    CAF_CHECK(!m.blind);
}

CAF_TEST_FIXTURE_SCOPE_END()
