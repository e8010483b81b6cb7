#define CAF_SUITE actors.sessions.transcript

#include "actors/sessions/transcript.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

namespace {

struct fixture {
  message add(message_status status = message_status::success, message_role role = message_role::assistant) {
    message m;
    m.id = new_id<message_id>();
    m.role = role;
    m.status = status;
    m.content = "stored";
    if (role == message_role::assistant && !talk.empty())
      m.parent = talk.all().front().id;
    talk.append(m);
    return m;
  }

  message_page page(std::optional<message_id> after, int limit) {
    auto result = page_of(talk, {{}, after, limit});
    CAF_REQUIRE(result.has_value());
    return *result;
  }

  conversation talk;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(transcript_tests, fixture)

CAF_TEST(pages follow each other to the end) {
  CAF_CHECK(page({}, 2).data.empty());
  CAF_CHECK(!page({}, 2).more);
  std::vector<message> all{add(), add(), add()};
  auto first = page({}, 2);
  CAF_CHECK(first.data == std::vector<message>(all.begin(), all.begin() + 2));
  CAF_CHECK(first.more);
  auto second = page(all[1].id, 2);
  CAF_CHECK(second.data == std::vector<message>(all.begin() + 2, all.end()));
  CAF_CHECK(!second.more);
  CAF_CHECK(!page({}, 3).more);
  CAF_CHECK(page_of(talk, {{}, new_id<message_id>(), 2}).error().code == ec::invalid_request);
}

CAF_TEST(who begins to watch is shown the newest fifty) {
  CAF_CHECK(newest_of(talk).empty());
  auto oldest = add();
  for (int i = 0; i < 49; ++i)
    add();
  CAF_CHECK(newest_of(talk).front() == oldest);
  auto newest = add();
  CAF_CHECK_EQUAL(newest_of(talk).size(), 50u);
  CAF_CHECK(newest_of(talk).front() != oldest);
  CAF_CHECK(newest_of(talk).back() == newest);
}

CAF_TEST(running answers have the text of their run) {
  std::vector<message> shown{add(), add(message_status::success)};
  CAF_CHECK(!any_running(shown));
  shown.push_back(add(message_status::streaming));
  CAF_CHECK(any_running(shown));
  run_snapshot now;
  now.answers = {shown[2], add(message_status::pending)};
  now.answers[0].content = "so far";
  fill_in(shown, now);
  CAF_REQUIRE_EQUAL(shown.size(), 3u);
  CAF_CHECK_EQUAL(shown[0].content, "stored");
  CAF_CHECK_EQUAL(shown[2].content, "so far");
}

CAF_TEST(the states of a question are those of its answers) {
  auto question = add(message_status::success, message_role::user);
  auto one = add();
  auto two = add(message_status::failed);
  auto states = states_of(question, talk).states;
  CAF_REQUIRE_EQUAL(states.size(), 2u);
  CAF_CHECK(states[0].id == one.id);
  CAF_CHECK(states[1].status == message_status::failed);
  states = states_of(two, talk).states;
  CAF_REQUIRE_EQUAL(states.size(), 1u);
  CAF_CHECK(states[0].id == two.id);
}

CAF_TEST_FIXTURE_SCOPE_END()
