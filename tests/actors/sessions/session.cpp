// The rules on turns: what is the same request, what continues what, what may be imported, what is refused.

#define CAF_SUITE actors.sessions.session

#include "tests/support/node_fixture.hpp"

using namespace parley;
using namespace parley::test;

namespace {

struct fixture : node_fixture {
  session_id direct() { return new_session({"m1"}).about.id; }

  expected<run_opened> asked(start_turn wanted) { return ask<run_opened>(sessions(), std::move(wanted)); }

  static incoming_message imported(message_role role, std::string content, std::optional<message_id> id = std::nullopt) {
    return {role, std::move(content), id, std::nullopt};
  }

  const message& stored(message_id id) {
    auto* found = book->find(id);
    CAF_REQUIRE(found != nullptr);
    return *found;
  }

  const std::string& newest_body() { return loop.requests.back()->what.body; }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_tests, fixture)

// -- the same request again --------------------------------------------------------------------------------------------

CAF_TEST(equal requests at once make one turn) {
  auto about = direct();
  auto id = new_id<message_id>();
  book->hold = true;
  auto first = begin<run_opened>(sessions(), question(about, "Hello", id));
  auto second = begin<run_opened>(sessions(), question(about, "Hello", id));
  release_store();
  CAF_CHECK(take(first)->run == take(second)->run);
  CAF_CHECK_EQUAL(loop.requests.size(), 1u);
  CAF_CHECK_EQUAL(book->messages.size(), 2u);
}

CAF_TEST(an equal request while the run goes on attaches from the beginning) {
  auto about = direct();
  auto id = new_id<message_id>();
  auto first = opened(question(about, "Hello", id));
  upstream_does(0, [](auto& r) { r.accept(), r.text("Hi"); });
  auto second = opened(question(about, "Hello", id));
  CAF_CHECK(first.run == second.run);
  CAF_CHECK_EQUAL(read(second)->text, "a0:{\"content\":\"Hi\"}\n");
}

CAF_TEST(an equal request after a restart of the node is told the stored answer) {
  auto about = direct();
  auto id = new_id<message_id>();
  auto first = answered(about, "Hello", "Hi", id);
  restart_node();
  auto second = opened(question(about, "Hello", id));
  CAF_CHECK(first.run == second.run);
  CAF_CHECK(second.answers.at(0).id == first.answers.at(0).id);
  auto log = read(second);
  CAF_CHECK(log->text.starts_with("a2:[{\"type\":\"restart\"}]\na0:{\"content\":\"Hi\"}\nad:{\"finishReason\":\"stop\""));
  CAF_CHECK_EQUAL(log->ends, 1);
  CAF_CHECK_EQUAL(loop.requests.size(), 1u);
}

CAF_TEST(a failed run is told again and not repeated) {
  auto about = direct();
  auto id = new_id<message_id>();
  opened(question(about, "Hello", id));
  upstream_does(0, [](auto& r) { r.respond(400), r.end(); });
  auto log = read(opened(question(about, "Hello", id)));
  CAF_CHECK(log->has("\"code\":\"upstream_rejected\""));
  CAF_CHECK_EQUAL(loop.requests.size(), 1u);
}

CAF_TEST(a stored question whose run never began gets its run) {
  auto about = direct();
  message lost;
  lost.id = new_id<message_id>();
  lost.session = about;
  lost.turn = turn_id{lost.id.bytes};
  lost.content = "Hello";
  book->messages.push_back(lost);
  restart_node();
  auto run = opened(question(about, "Hello", lost.id));
  upstream_does(0, [](auto& r) { r.answer("Hi"); });
  CAF_CHECK(run.user == lost.id);
  CAF_CHECK_EQUAL(book->messages.size(), 2u);
  CAF_CHECK_EQUAL(stored(run.answers[0].id).content, "Hi");
}

CAF_TEST(the same id with other content is a conflict) {
  auto about = direct();
  auto id = new_id<message_id>();
  book->hold = true;
  auto first = begin<run_opened>(sessions(), question(about, "Hello", id));
  auto other = begin<run_opened>(sessions(), question(about, "Bye", id));
  CAF_CHECK_EQUAL(code_of(take(other)), "id_conflict");
  release_store();
  CAF_CHECK_EQUAL(code_of(take(first)), "-");
  CAF_CHECK_EQUAL(code_of(asked(question(about, "Bye", id))), "id_conflict");
  upstream_does(0, [](auto& r) { r.answer("Hi"); });
  CAF_CHECK_EQUAL(code_of(asked(question(about, "Bye", id))), "id_conflict");
}

CAF_TEST(the same id in another session is a conflict) {
  auto id = new_id<message_id>();
  answered(direct(), "Hello", "Hi", id);
  auto other = direct();
  CAF_CHECK_EQUAL(code_of(asked(question(other, "Hello", id))), "id_conflict");
  CAF_CHECK(loop.requests.back()->closed);
  answered(other, "Hello", "Hi");
}

CAF_TEST(another question meanwhile is told which turn goes on) {
  auto about = direct();
  auto run = opened(question(about, "Hello"));
  auto busy = asked(question(about, "Impatient"));
  CAF_CHECK_EQUAL(code_of(busy), "turn_in_progress");
  CAF_CHECK(busy.error().message.find(to_string(run.turn)) != std::string::npos);
  CAF_CHECK(busy.error().message.find(to_string(run.run) + ":0") != std::string::npos);
  CAF_CHECK_EQUAL(code_of(regenerate(run.answers[0].id)), "turn_in_progress");
}

CAF_TEST(a reader that saw the finish finds the session free) {
  auto about = direct();
  for (auto text : {"One", "Two", "Three"})
    answered(about, text, "Fine");
  CAF_CHECK_EQUAL(loop.requests.size(), 3u);
}

// -- attempts and branches ---------------------------------------------------------------------------------------------

CAF_TEST(regenerating adds an attempt beside the first) {
  auto about = direct();
  answered(about, "Earlier", "Before");
  auto first = answered(about, "Hello", "Hi");
  auto second = regenerate(first.answers[0].id);
  CAF_REQUIRE(second.has_value());
  CAF_CHECK(second->turn == first.turn);
  CAF_CHECK(second->run != first.run);
  CAF_CHECK(newest_body().find("Before") != std::string::npos);
  CAF_CHECK(newest_body().find("\"Hi\"") == std::string::npos); // the prompt ends at the question
  upstream_does(2, [](auto& r) { r.answer("Hey"); });
  auto& answer = stored(second->answers[0].id);
  CAF_CHECK_EQUAL(answer.attempt, 2);
  CAF_CHECK_EQUAL(answer.content, "Hey");
  CAF_CHECK_EQUAL(stored(first.answers[0].id).content, "Hi");
  CAF_CHECK(answer.parent == first.user);
  answered(about, "Next", "Fine");
  CAF_CHECK(newest_body().find("Hey") != std::string::npos);
  CAF_CHECK(newest_body().find("\"Hi\"") == std::string::npos);
}

CAF_TEST(regenerating concerns one seat) {
  auto about = new_session({"m1", "m2"}).about.id;
  auto first = opened(question(about, "Hello"));
  upstream_does(0, [](auto& r) { r.answer("A"); });
  upstream_does(1, [](auto& r) { r.answer("B"); });
  auto second = regenerate(first.answers[1].id);
  CAF_REQUIRE(second.has_value());
  CAF_REQUIRE_EQUAL(second->answers.size(), 1u);
  CAF_CHECK_EQUAL(static_cast<int>(second->answers[0].who), 1);
  auto log = read(*second);
  upstream_does(2, [](auto& r) { r.answer("BB"); });
  CAF_CHECK(log->text.starts_with("b0:{\"content\":\"BB\"}\nbd:"));
  CAF_CHECK_EQUAL(log->ends, 1);
}

CAF_TEST(only the newest turn of a branch is answered anew) {
  auto about = direct();
  auto first = answered(about, "One", "Uno");
  auto second = answered(about, "Two", "Dos");
  CAF_CHECK_EQUAL(code_of(regenerate(first.answers[0].id)), "not_last_turn");
  CAF_CHECK_EQUAL(code_of(regenerate(second.user)), "invalid_request");
  CAF_CHECK_EQUAL(code_of(regenerate(new_id<message_id>())), "not_found");
  CAF_CHECK_EQUAL(code_of(regenerate(second.answers[0].id)), "-");
}

CAF_TEST(a question continues the answer it names) {
  auto about = direct();
  auto first = answered(about, "One", "Uno");
  auto second = answered(about, "Two", "Dos");
  auto wanted = question(about, "Otherwise");
  wanted.parent = first.answers[0].id;
  auto branch = opened(wanted);
  CAF_CHECK(stored(branch.user).parent == first.answers[0].id);
  CAF_CHECK(newest_body().find("Uno") != std::string::npos);
  CAF_CHECK(newest_body().find("Dos") == std::string::npos);
  upstream_does(2, [](auto& r) { r.answer("Branch"); });
  CAF_CHECK(stored(answered(about, "On", "Fine").user).parent == branch.answers[0].id); // the newest branch goes on
  CAF_CHECK(book->find(second.user) != nullptr);
}

CAF_TEST(a question at the root asks the first one anew) {
  auto about = direct();
  answered(about, "One", "Uno");
  auto wanted = question(about, "Otherwise");
  wanted.at_root = true;
  auto run = opened(wanted);
  CAF_CHECK(!stored(run.user).parent);
  CAF_CHECK(newest_body().find("Uno") == std::string::npos);
}

CAF_TEST(a question follows no question and no stranger) {
  auto about = direct();
  auto first = answered(about, "One", "Uno");
  auto wanted = question(about, "Two");
  wanted.parent = first.user;
  auto refused = asked(wanted);
  CAF_CHECK_EQUAL(code_of(refused), "invalid_request");
  CAF_CHECK_EQUAL(refused.error().param, "parent_id");
  wanted.parent = answered(direct(), "Elsewhere", "There").answers[0].id;
  CAF_CHECK_EQUAL(code_of(asked(wanted)), "invalid_request");
}

// -- imports and reserved ids ------------------------------------------------------------------------------------------

CAF_TEST(messages before the first turn are imported) {
  auto about = new_session({"m1", "m2"}).about.id;
  auto wanted = question(about, "Now");
  wanted.messages.insert(wanted.messages.begin(),
                         {imported(message_role::system, "Be brief."), imported(message_role::user, "Before"),
                          imported(message_role::assistant, "Given")});
  auto run = opened(wanted);
  CAF_REQUIRE_EQUAL(loop.requests.size(), 2u);
  for (auto& request : loop.requests)
    for (auto text : {"Be brief.", "Before", "Given", "Now"})
      CAF_CHECK(request->what.body.find(text) != std::string::npos);
  CAF_REQUIRE_EQUAL(book->messages.size(), 6u);
  CAF_CHECK(!book->messages[0].parent);
  for (std::size_t i = 1; i < 4; ++i)
    CAF_CHECK(book->messages[i].parent == book->messages[i - 1].id);
  CAF_CHECK(!book->messages[2].seat && !book->messages[2].run);
  CAF_CHECK_EQUAL(book->sessions[about].title, "Before");
}

CAF_TEST(nothing is imported after the first turn but what is stored is skipped) {
  auto about = direct();
  auto first = answered(about, "One", "Uno");
  auto wanted = question(about, "Two");
  wanted.messages.insert(wanted.messages.begin(), imported(message_role::user, "New"));
  auto refused = asked(wanted);
  CAF_CHECK_EQUAL(code_of(refused), "invalid_request");
  CAF_CHECK_EQUAL(refused.error().param, "messages[0]");
  wanted = question(about, "Two");
  wanted.messages.insert(wanted.messages.begin(), {imported(message_role::user, "One", first.user),
                                                   imported(message_role::assistant, "Uno", first.answers[0].id)});
  CAF_CHECK_EQUAL(code_of(asked(wanted)), "-");
  CAF_CHECK_EQUAL(book->messages.size(), 4u);
}

CAF_TEST(the last message must be of the user) {
  auto about = direct();
  auto wanted = question(about, "One");
  wanted.messages.push_back(imported(message_role::assistant, "Uno"));
  auto refused = asked(wanted);
  CAF_CHECK_EQUAL(code_of(refused), "invalid_request");
  CAF_CHECK_EQUAL(refused.error().param, "messages[1].role");
  wanted.messages.clear();
  CAF_CHECK_EQUAL(code_of(asked(wanted)), "invalid_request");
}

CAF_TEST(an empty answer after the question names the id) {
  auto about = new_session({"m1", "m2"}).about.id;
  auto id = new_id<message_id>();
  auto wanted = question(about, "One");
  wanted.messages.push_back({message_role::assistant, "", id, participant{1}});
  auto run = opened(wanted);
  CAF_CHECK(run.answers.at(1).id == id);
  CAF_CHECK(run.answers.at(0).id != id);
}

CAF_TEST(an id that is named must be free and have a seat) {
  auto about = new_session({"m1", "m2"}).about.id;
  auto id = new_id<message_id>();
  auto named = [&](std::optional<participant> seat, message_id answer) {
    auto wanted = question(about, "One", id);
    wanted.messages.push_back({message_role::assistant, "", answer, seat});
    return wanted;
  };
  auto refused = asked(named(std::nullopt, new_id<message_id>()));
  CAF_CHECK_EQUAL(code_of(refused), "invalid_request");
  CAF_CHECK_EQUAL(refused.error().param, "messages[1].participant");
  CAF_CHECK_EQUAL(code_of(asked(named(participant{2}, new_id<message_id>()))), "invalid_request");
  CAF_CHECK_EQUAL(code_of(asked(named(participant{0}, id))), "id_conflict");
  auto twice = named(participant{0}, new_id<message_id>());
  twice.messages.push_back({message_role::assistant, "", new_id<message_id>(), participant{0}});
  CAF_CHECK_EQUAL(code_of(asked(twice)), "invalid_request");
  twice.messages.back() = {message_role::assistant, "", twice.messages[1].id, participant{1}};
  CAF_CHECK_EQUAL(code_of(asked(twice)), "id_conflict");
  CAF_CHECK(loop.requests.empty());
}

// -- the session's own bounds ------------------------------------------------------------------------------------------

CAF_TEST(the title is the beginning of the first question until someone sets it) {
  auto about = direct();
  answered(about, "What is\nthis?", "A test.");
  CAF_CHECK_EQUAL(book->sessions[about].title, "What is this?");
  answered(about, "And now?", "Still.");
  CAF_CHECK_EQUAL(book->sessions[about].title, "What is this?");
  auto changed = ask<session_view>(sessions(), change_session{about, {"Mine", {}, {}}});
  CAF_CHECK_EQUAL(changed->about.title, "Mine");
  answered(about, "More?", "No.");
  CAF_CHECK_EQUAL(book->sessions[about].title, "Mine");
}

CAF_TEST(a full session takes no turn) {
  node->bounds.max_session_bytes = 10;
  auto about = direct();
  auto first = answered(about, "12345", "67890x");
  CAF_CHECK_EQUAL(code_of(asked(question(about, "more"))), "too_large");
  CAF_CHECK_EQUAL(code_of(regenerate(first.answers[0].id)), "too_large");
  CAF_CHECK_EQUAL(code_of(attach(first.user)), "-");
}

CAF_TEST(a session keeps its models) {
  auto about = direct();
  restart_node();
  node->models = catalogue{{node->models.find("m2")}};
  auto refused = asked(question(about, "Hello"));
  CAF_CHECK_EQUAL(code_of(refused), "invalid_request");
  CAF_CHECK(refused.error().message.find("m1") != std::string::npos);
}

CAF_TEST(a path that shows one answer refuses a session that compares) {
  auto wanted = question(new_session({"m1", "m2"}).about.id, "Hello");
  wanted.only_direct = true;
  CAF_CHECK_EQUAL(code_of(asked(wanted)), "invalid_request");
  wanted.session_key = direct();
  CAF_CHECK_EQUAL(code_of(asked(wanted)), "-");
}

CAF_TEST(a session that is not there has no turns) {
  CAF_CHECK_EQUAL(code_of(asked(question(new_id<session_id>(), "Hello"))), "not_found");
}

CAF_TEST_FIXTURE_SCOPE_END()
