#define CAF_SUITE actors.runs.answer_checkpoints

#include "actors/runs/answer_checkpoints.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;

namespace {

struct fixture {
  append_checkpoint take(std::string_view text, std::string_view reasoning = {}) {
    append_checkpoint next;
    checkpoints.take(next, text, reasoning);
    return next;
  }

  answer_checkpoints checkpoints;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(answer_checkpoints_tests, fixture)

CAF_TEST(each checkpoint begins where the one before ended) {
  auto first = take("Hello", "Hm");
  CAF_CHECK_EQUAL(first.content, "Hello");
  CAF_CHECK_EQUAL(first.reasoning, "Hm");
  CAF_CHECK_EQUAL(first.position, 0u);
  CAF_CHECK(!first.begins_again);
  checkpoints.stored();
  CAF_CHECK_EQUAL(checkpoints.unsaved("Hello world", "Hmm"), 7u);
  auto second = take("Hello world", "Hmm");
  CAF_CHECK_EQUAL(second.content, " world");
  CAF_CHECK_EQUAL(second.reasoning, "m");
  CAF_CHECK_EQUAL(second.position, 7u);
}

CAF_TEST(what comes while one is under way is unsaved) {
  take("Hello");
  CAF_CHECK(checkpoints.under_way());
  CAF_CHECK_EQUAL(checkpoints.unsaved("Hello world", ""), 11u);
  checkpoints.stored();
  CAF_CHECK(!checkpoints.under_way());
  CAF_CHECK_EQUAL(checkpoints.unsaved("Hello world", ""), 6u);
}

CAF_TEST(what was not stored is carried by the next) {
  take("Hello");
  checkpoints.not_stored();
  auto next = take("Hello world");
  CAF_CHECK_EQUAL(next.content, "Hello world");
  CAF_CHECK_EQUAL(next.position, 0u);
}

CAF_TEST(after a restart the next one voids the earlier ones and begins at 0) {
  take("Hello");
  checkpoints.stored();
  checkpoints.begin_again();
  CAF_CHECK_EQUAL(checkpoints.unsaved("Bye", ""), 3u);
  auto next = take("Bye");
  CAF_CHECK(next.begins_again);
  CAF_CHECK_EQUAL(next.content, "Bye");
  CAF_CHECK_EQUAL(next.position, 0u);
  checkpoints.stored();
  CAF_CHECK(!take("Bye now").begins_again);
}

CAF_TEST(a checkpoint that is stored after a restart saved nothing) {
  take("Hello");
  checkpoints.begin_again();
  checkpoints.stored();
  CAF_CHECK_EQUAL(checkpoints.unsaved("By", ""), 2u);
  CAF_CHECK(take("By").begins_again);
}

CAF_TEST(a beginning that was not stored is carried by the next) {
  checkpoints.begin_again();
  take("By");
  checkpoints.not_stored();
  CAF_CHECK(take("Bye").begins_again);
}

CAF_TEST_FIXTURE_SCOPE_END()
