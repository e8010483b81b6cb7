#define CAF_SUITE core.conversation

#include "core/conversation.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

namespace {

/// Builds a conversation message by message; what a test doesn't name is as usual.
struct fixture {
  message_id user(std::string text, std::optional<message_id> parent) {
    message m;
    m.id = new_id<message_id>();
    m.turn = turn_id{m.id.bytes};
    m.role = message_role::user;
    m.parent = parent;
    m.content = std::move(text);
    talk.append(m);
    return m.id;
  }

  message_id answer(message_id question, participant seat, std::string text, message_status status = message_status::success,
                    int attempt = 1) {
    message m;
    m.id = new_id<message_id>();
    m.turn = turn_id{question.bytes};
    m.role = message_role::assistant;
    m.parent = question;
    m.seat = seat;
    m.attempt = attempt;
    m.run = new_id<run_id>();
    m.content = std::move(text);
    m.status = status;
    talk.append(m);
    return m.id;
  }

  /// An import: no seat, no run.
  message_id import(message_role role, std::string text, std::optional<message_id> parent) {
    message m;
    m.id = new_id<message_id>();
    m.role = role;
    m.parent = parent;
    m.content = std::move(text);
    talk.append(m);
    return m.id;
  }

  /// What `seat` is sent for a new question after `parent`: `user:One assistant:Uno user:Two`.
  std::string asked(participant seat, std::optional<message_id> parent, std::size_t history_bytes = 10'000) {
    message question;
    question.id = new_id<message_id>();
    question.parent = parent;
    question.content = "?";
    last = talk.prompt_for(seat, question, about, history_bytes);
    std::string text;
    for (auto& m : last.messages)
      text += std::string{name(m.role)} + ":" + m.content + " ";
    return text;
  }

  conversation talk;
  session about;
  prompt last;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(conversation_tests, fixture)

CAF_TEST(an empty conversation has nothing to continue) {
  CAF_CHECK(talk.empty());
  CAF_CHECK(!talk.newest_leaf());
  CAF_CHECK(!talk.has_turns());
  CAF_CHECK_EQUAL(talk.bytes(), 0u);
  CAF_CHECK(talk.find(new_id<message_id>()) == nullptr);
}

CAF_TEST(the same message twice breaks it) {
  auto id = user("Hello", std::nullopt);
  auto again = *talk.find(id);
  CAF_CHECK(test::breaks("a conversation has each message once", [&] { talk.append(again); }));
}

CAF_TEST(what was loaded is as what was appended) {
  auto one = user("One", {});
  answer(one, 0, "Uno");
  conversation loaded{talk.all()};
  CAF_CHECK(loaded.has_turns());
  CAF_CHECK_EQUAL(loaded.bytes(), talk.bytes());
  CAF_CHECK(loaded.newest_leaf() == talk.newest_leaf());
  CAF_CHECK_EQUAL(loaded.find(one)->content, "One");
}

CAF_TEST(a new question continues the newest answer of the first seat in the newest turn) {
  auto one = user("One", {});
  auto a1 = answer(one, 0, "Uno");
  auto b1 = answer(one, 1, "Eins");
  CAF_CHECK(talk.newest_leaf() == a1);
  auto a2 = answer(one, 0, "Una", message_status::success, 2);
  CAF_CHECK(talk.newest_leaf() == a2);
  answer(one, 1, "Ein", message_status::success, 2);
  CAF_CHECK(talk.newest_leaf() == a2);
  // Asked anew beside it: the newest message says which branch is the newest.
  auto other = user("Two", b1);
  CAF_CHECK(talk.newest_leaf() == other);
  auto answered = answer(other, 1, "Zwei");
  CAF_CHECK(talk.newest_leaf() == answered);
}

CAF_TEST(a new question continues the last import) {
  auto system = import(message_role::system, "Be brief.", {});
  CAF_CHECK(talk.newest_leaf() == system);
  auto question = import(message_role::user, "One", system);
  CAF_CHECK(talk.newest_leaf() == question);
  auto given = import(message_role::assistant, "Uno", question);
  CAF_CHECK(talk.newest_leaf() == given);
  auto more = import(message_role::assistant, "And more.", given);
  CAF_CHECK(talk.newest_leaf() == more);
}

CAF_TEST(imports are no turns) {
  auto question = import(message_role::user, "One", {});
  import(message_role::assistant, "Uno", question);
  CAF_CHECK(!talk.has_turns());
  auto two = user("Two", question);
  CAF_CHECK(!talk.has_turns());
  answer(two, 0, "", message_status::pending);
  CAF_CHECK(talk.has_turns());
}

CAF_TEST(a turn has the answers and attempts of all seats from the oldest) {
  auto one = user("One", {});
  std::vector expected{answer(one, 0, "1"), answer(one, 1, "2"), answer(one, 0, "3", message_status::success, 2)};
  user("Two", expected[0]);
  std::vector<message_id> found;
  for (auto* m : talk.answers_of(one))
    found.push_back(m->id);
  CAF_CHECK(found == expected);
  CAF_CHECK(talk.answers_of(new_id<message_id>()).empty());
}

CAF_TEST(attempts are counted per seat) {
  auto one = user("One", {});
  CAF_CHECK_EQUAL(talk.next_attempt(one, 0), 1);
  answer(one, 0, "1");
  answer(one, 0, "2", message_status::failed, 2);
  answer(one, 1, "1");
  CAF_CHECK_EQUAL(talk.next_attempt(one, 0), 3);
  CAF_CHECK_EQUAL(talk.next_attempt(one, 1), 2);
  CAF_CHECK_EQUAL(talk.next_attempt(one, 2), 1);
}

CAF_TEST(a turn is the last of its branch until one of its answers is continued) {
  auto one = user("One", {});
  auto a = answer(one, 0, "Uno");
  auto b = answer(one, 1, "Eins");
  CAF_CHECK(talk.is_last_turn(one));
  auto two = user("Two", b);
  CAF_CHECK(!talk.is_last_turn(one));
  CAF_CHECK(talk.is_last_turn(two));
  auto beside = user("Two, otherwise", a);
  CAF_CHECK(talk.is_last_turn(two));
  CAF_CHECK(talk.is_last_turn(beside));
}

CAF_TEST(a question that was never answered can be continued itself) {
  auto one = user("One", {});
  user("Two", one);
  CAF_CHECK(!talk.is_last_turn(one));
}

CAF_TEST(an answer belongs to its user message) {
  auto system = import(message_role::system, "Be brief.", {});
  auto one = user("One", system);
  auto a = answer(one, 0, "Uno");
  CAF_CHECK(talk.user_message_of(a)->id == one);
  CAF_CHECK(talk.user_message_of(one)->id == one);
  CAF_CHECK(talk.user_message_of(system) == nullptr);
  CAF_CHECK(talk.user_message_of(new_id<message_id>()) == nullptr);
  auto alone = import(message_role::assistant, "Welcome.", system);
  CAF_CHECK(talk.user_message_of(alone) == nullptr);
}

CAF_TEST(a seat is sent its own answers and never those of a rival) {
  auto one = user("One", {});
  auto a = answer(one, 0, "Uno");
  answer(one, 1, "Eins");
  CAF_CHECK_EQUAL(asked(0, a), "user:One assistant:Uno user:? ");
  CAF_CHECK_EQUAL(asked(1, a), "user:One assistant:Eins user:? ");
}

CAF_TEST(of several attempts the newest success is sent) {
  auto one = user("One", {});
  auto a = answer(one, 0, "first");
  answer(one, 0, "second", message_status::success, 2);
  answer(one, 0, "broken", message_status::failed, 3);
  CAF_CHECK_EQUAL(asked(0, a), "user:One assistant:second user:? ");
}

CAF_TEST(without a success the newest kept text is sent) {
  auto one = user("One", {});
  auto a = answer(one, 0, "half", message_status::failed);
  answer(one, 0, "most", message_status::failed, 2);
  answer(one, 0, "", message_status::failed, 3);
  CAF_CHECK_EQUAL(asked(0, a), "user:One assistant:most user:? ");
}

CAF_TEST(a turn without an answer of the seat is left out with its question) {
  auto one = user("One", {});
  auto a1 = answer(one, 0, "Uno");
  answer(one, 1, "Eins");
  auto two = user("Two", a1);
  auto a2 = answer(two, 0, "Dos");
  answer(two, 1, "", message_status::failed);
  CAF_CHECK_EQUAL(asked(0, a2), "user:One assistant:Uno user:Two assistant:Dos user:? ");
  CAF_CHECK_EQUAL(asked(1, a2), "user:One assistant:Eins user:? ");
}

CAF_TEST(what is still being written is not sent) {
  auto one = user("One", {});
  auto a = answer(one, 0, "Un", message_status::streaming);
  CAF_CHECK_EQUAL(asked(0, a), "user:? ");
}

CAF_TEST(only the branch above the question is sent) {
  auto one = user("One", {});
  auto a1 = answer(one, 0, "Uno");
  auto left = answer(user("Left", a1), 0, "Izquierda");
  auto right = answer(user("Right", a1), 0, "Derecha");
  CAF_CHECK_EQUAL(asked(0, left), "user:One assistant:Uno user:Left assistant:Izquierda user:? ");
  CAF_CHECK_EQUAL(asked(0, right), "user:One assistant:Uno user:Right assistant:Derecha user:? ");
  CAF_CHECK_EQUAL(asked(0, std::nullopt), "user:? ");
}

CAF_TEST(an imported answer counts for every seat) {
  auto question = import(message_role::user, "One", {});
  auto given = import(message_role::assistant, "Uno", question);
  for (participant seat = 0; seat < max_participants; ++seat)
    CAF_CHECK_EQUAL(asked(seat, given), "user:One assistant:Uno user:? ");
}

CAF_TEST(an imported answer without a question stands alone) {
  auto welcome = import(message_role::assistant, "Welcome.", {});
  CAF_CHECK_EQUAL(asked(1, welcome), "assistant:Welcome. user:? ");
}

CAF_TEST(imported system messages follow the prompt of the session in their order) {
  about.system_prompt = "Own.";
  auto first = import(message_role::system, "First.", {});
  auto question = import(message_role::user, "One", first);
  auto given = import(message_role::assistant, "Uno", question);
  auto second = import(message_role::system, "Second.", given);
  CAF_CHECK_EQUAL(asked(0, second), "user:One assistant:Uno user:? ");
  CAF_CHECK_EQUAL(last.system, "Own.\n\nFirst.\n\nSecond.");
  about.system_prompt.clear();
  asked(0, second);
  CAF_CHECK_EQUAL(last.system, "First.\n\nSecond.");
}

CAF_TEST(the parameters of the session are sent along) {
  about.parameters.temperature = 0.5;
  about.parameters.stop = {"END"};
  asked(0, std::nullopt);
  CAF_CHECK(last.parameters == about.parameters);
}

CAF_TEST(the oldest turns are left out whole beyond the limit) {
  auto a1 = answer(user("aaaa", {}), 0, "AAAA"); // 8 bytes
  auto a2 = answer(user("bb", a1), 0, "BB");     // 4 bytes
  auto a3 = answer(user("cc", a2), 0, "CC");     // 4 bytes
  CAF_CHECK_EQUAL(asked(0, a3, 17), "user:aaaa assistant:AAAA user:bb assistant:BB user:cc assistant:CC user:? ");
  CAF_CHECK_EQUAL(asked(0, a3, 16), "user:bb assistant:BB user:cc assistant:CC user:? ");
  CAF_CHECK_EQUAL(asked(0, a3, 9), "user:bb assistant:BB user:cc assistant:CC user:? ");
  CAF_CHECK_EQUAL(asked(0, a3, 8), "user:cc assistant:CC user:? ");
  CAF_CHECK_EQUAL(asked(0, a3, 4), "user:? ");
}

CAF_TEST(a turn that has no room keeps older ones out that would have it) {
  auto a1 = answer(user("a", {}), 0, "A");
  auto a2 = answer(user("bbbbbbbb", a1), 0, "BBBBBBBB");
  auto a3 = answer(user("c", a2), 0, "C");
  CAF_CHECK_EQUAL(asked(0, a3, 8), "user:c assistant:C user:? ");
}

CAF_TEST(the question is sent whatever the limit) {
  CAF_CHECK_EQUAL(asked(0, std::nullopt, 0), "user:? ");
}

CAF_TEST(an update replaces a message and its share of the bytes) {
  auto one = user("One", {});
  auto a = answer(one, 0, "", message_status::pending);
  CAF_CHECK_EQUAL(talk.bytes(), 3u);
  auto done = *talk.find(a);
  done.content = "Uno";
  done.reasoning = "Hm.";
  done.tool_calls.push_back({"call", "look", "{}"});
  done.status = message_status::success;
  talk.update(done);
  CAF_CHECK(*talk.find(a) == done);
  CAF_CHECK_EQUAL(talk.bytes(), 3u + 3u + 3u + 6u);
  CAF_CHECK_EQUAL(talk.all().size(), 2u);
  done.tool_calls.clear();
  talk.update(done);
  CAF_CHECK_EQUAL(talk.bytes(), 9u);
}

CAF_TEST(an update of an unknown message changes nothing) {
  auto one = user("One", {});
  auto other = *talk.find(one);
  other.id = new_id<message_id>();
  other.content = "Something else";
  talk.update(other);
  CAF_CHECK_EQUAL(talk.all().size(), 1u);
  CAF_CHECK_EQUAL(talk.bytes(), 3u);
}

CAF_TEST_FIXTURE_SCOPE_END()
