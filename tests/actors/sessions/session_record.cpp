// What happens to a session that its actor has in memory, and how it is taken back.

#define CAF_SUITE actors.sessions.session_record

#include "actors/sessions/session_record.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

namespace {

struct fixture {
  fixture() {
    session about;
    about.id = new_id<session_id>();
    about.blind = true;
    about.updated_at = 1'000;
    question = message_of(message_role::user, "Hello");
    answer = message_of(message_role::assistant, "");
    answer.status = message_status::pending;
    record.take({about, 3, {question, answer}});
  }

  static message message_of(message_role role, std::string content) {
    message m;
    m.id = new_id<message_id>();
    m.role = role;
    m.content = std::move(content);
    m.blind = true;
    return m;
  }

  const message& known(message_id id) {
    auto* found = record.messages().find(id);
    CAF_REQUIRE(found != nullptr);
    return *found;
  }

  message question;
  message answer;
  session_record record;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_record_tests, fixture)

CAF_TEST(a store that takes back an epoch breaks it) {
  auto taken_with = [this](epoch held) { return test::broken_by([&] { record.take({record.about(), held, {}}); }); };
  CAF_CHECK_NOT_EQUAL(taken_with(2), "-");
  CAF_CHECK_NOT_EQUAL(taken_with(3), "-");
  CAF_CHECK_EQUAL(taken_with(4), "-");
}

CAF_TEST(the word of the store replaces all and says whether it shows names) {
  auto stored = record.about();
  stored.title = "As stored";
  CAF_CHECK(!record.take({stored, 4, {question}}));
  CAF_CHECK_EQUAL(record.about().title, "As stored");
  CAF_CHECK_EQUAL(record.held(), 4u);
  CAF_CHECK(record.messages().find(answer.id) == nullptr);
  stored.blind = false;
  CAF_CHECK(record.take({stored, 5, {}}));
  CAF_CHECK(!record.take({stored, 6, {}}));
}

CAF_TEST(a change is taken back but for a vote that came meanwhile) {
  auto before = record.change({"Named", {}, {}}, 2'000);
  CAF_CHECK_EQUAL(record.about().title, "Named");
  CAF_CHECK_EQUAL(record.about().updated_at, 2'000);
  record.take_vote(question.id, {});
  record.take_back(before);
  CAF_CHECK_EQUAL(record.about().title, "");
  CAF_CHECK_EQUAL(record.about().updated_at, 1'000);
  CAF_CHECK(!record.about().blind);
}

CAF_TEST(the title of a turn that is not stored goes unless somebody has set one) {
  auto before = record.begin_turn("Hello", 2'000);
  CAF_CHECK_EQUAL(record.about().title, "Hello");
  CAF_CHECK_EQUAL(record.about().updated_at, 2'000);
  record.title_again(before);
  CAF_CHECK_EQUAL(record.about().title, "");
  before = record.begin_turn("Hello", 3'000);
  record.change({"Named", {}, {}}, 3'000);
  record.title_again(before);
  CAF_CHECK_EQUAL(record.about().title, "Named");
}

CAF_TEST(an answer is as blind as its session is when it ends) {
  answer.content = "Hi";
  answer.blind = false;
  record.update(answer);
  CAF_CHECK_EQUAL(known(answer.id).content, "Hi");
  CAF_CHECK(known(answer.id).blind);
  record.take_vote(question.id, {});
  answer.blind = true;
  record.update(answer);
  CAF_CHECK(!known(answer.id).blind);
}

CAF_TEST(an answer that was never there is not brought by its end but by the spool) {
  auto other = message_of(message_role::assistant, "Late");
  other.blind = false;
  record.update(other);
  CAF_CHECK(record.messages().find(other.id) == nullptr);
  CAF_CHECK(record.put(other).blind);
  CAF_CHECK_EQUAL(known(other.id).content, "Late");
  other.content = "Later";
  CAF_CHECK_EQUAL(record.put(other).content, "Later");
  CAF_CHECK_EQUAL(record.messages().all().size(), 3u);
}

CAF_TEST(a vote shows the names and makes the session no older than it is) {
  turn_vote given{{participant{1}, false}, true, 500};
  record.take_vote(question.id, given);
  CAF_CHECK(known(question.id).vote == given);
  CAF_CHECK(!known(answer.id).blind);
  CAF_CHECK(!record.about().blind);
  CAF_CHECK_EQUAL(record.about().updated_at, 1'000);
  given.created_at = 5'000;
  record.take_vote(question.id, given);
  CAF_CHECK_EQUAL(record.about().updated_at, 5'000);
}

CAF_TEST_FIXTURE_SCOPE_END()
