#define CAF_SUITE persistence.spool.spool

#include "persistence/spool/spool_file.hpp"

#include "persistence/spool/replay.hpp"
#include "persistence/sqlite/sqlite.hpp"
#include "tests/persistence/samples.hpp"
#include "tests/persistence/temporary_folder.hpp"
#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

#include <sys/stat.h>

using namespace parley;
using namespace parley::persistence;
using namespace parley::test;

namespace {

struct spool_fixture {
  spool_fixture() { open(); }

  void open(std::int64_t max_bytes = 1024 * 1024) {
    in.reset();
    in = open_spool(file, max_bytes).value();
  }

  bool add(const store_answer& what) { return in->add({&what, 1}).front().has_value(); }

  std::vector<spooled_answer> oldest() { return in->oldest().value(); }

  /// What waits, in its order.
  std::vector<message> waiting() {
    std::vector<message> result;
    for (auto& each : oldest())
      result.push_back(each.what.answer);
    return result;
  }

  temporary_folder folder;
  std::filesystem::path file = folder.path() / "spool.db";
  std::unique_ptr<spool> in;
};

/// Takes all and tells nothing.
struct forgetful_store final : store {
  std::vector<expected<store_written>> write(std::span<const store_write>) override { return {}; }
  std::vector<expected<recovered_answer>> recover(std::span<const store_answer>) override { return {}; }
  expected<session_page> list(const list_sessions&) override { return session_page{}; }
  expected<session> find(const find_session&) override { return session{}; }
  expected<message> find(const find_message&) override { return message{}; }
  expected<message_page> list(const list_messages&) override { return message_page{}; }
  expected<vote_tally> tally(const tally_votes&) override { return vote_tally{}; }
  expected<void> ping() override { return {}; }
};

store_answer some_answer(std::string content = "Hi there", epoch held = 1) {
  auto about = sample_session();
  auto answer = finished(pending_answer(user_message(about)), std::move(content));
  return {about.id, held, answer};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(spool_tests, spool_fixture)

CAF_TEST(answers wait in the order in which they came and outlive the process) {
  std::vector<store_answer> answers{some_answer("one", 7), some_answer("two"), some_answer("three")};
  answers[0].answer.reasoning = "Hmm";
  answers[0].answer.tool_calls = {{"call_1", "search", "{\"q\":\"\\u00e4\"}"}};
  answers[1].answer.finish = finish_reason::error;
  answers[1].answer.status = message_status::failed;
  answers[1].answer.error = answer_error{ec::upstream_truncated, "It broke off."};
  for (auto& done : in->add(answers))
    CAF_CHECK(done.has_value());
  open();
  auto found = oldest();
  CAF_REQUIRE_EQUAL(found.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    CAF_CHECK(found[i].what.answer == answers[i].answer);
    CAF_CHECK(found[i].what.session_key == answers[i].session_key);
    CAF_CHECK_EQUAL(found[i].what.held, answers[i].held);
  }
}

CAF_TEST(a store that forgets an answer breaks it and the answer stays) {
  auto one = some_answer("one");
  CAF_REQUIRE(add(one));
  forgetful_store into;
  CAF_CHECK(breaks("a store answers each request of a batch", [&] { replay_all(*in, into, [](message&&) {}); }));
  CAF_CHECK((waiting() == std::vector<message>{one.answer}));
}

CAF_TEST(what was removed is gone and the rest keeps its order) {
  auto first = some_answer("one");
  auto second = some_answer("two");
  CAF_REQUIRE(add(first) && add(second));
  auto number = oldest().front().number;
  CAF_CHECK(in->remove({&number, 1}).has_value());
  open();
  CAF_CHECK((waiting() == std::vector<message>{second.answer}));
}

CAF_TEST(the same answer once more takes no second place) {
  auto first = some_answer("one");
  CAF_CHECK(add(first));
  CAF_CHECK(add(first));
  CAF_CHECK((waiting() == std::vector<message>{first.answer}));
}

CAF_TEST(a full spool refuses what does not fit and takes what does) {
  open(256 * 1024);
  CAF_REQUIRE(add(some_answer("one")));
  std::vector<store_answer> both{some_answer(std::string(400'000, 'x')), some_answer("two")};
  auto results = in->add(both);
  CAF_REQUIRE_EQUAL(results.size(), 2u);
  CAF_CHECK(!results[0] && results[0].error().code == ec::store_unavailable);
  CAF_CHECK(results[1].has_value());
  CAF_CHECK_EQUAL(waiting().size(), 2u);
  // What is removed makes room.
  std::vector<std::int64_t> numbers;
  for (int i = 0; i < 100 && add(some_answer(std::string(20'000, 'x'))); ++i) {
  }
  CAF_CHECK(!add(some_answer(std::string(20'000, 'x'))));
  for (auto& each : oldest())
    numbers.push_back(each.number);
  CAF_CHECK(in->remove(numbers).has_value());
  CAF_CHECK(add(some_answer(std::string(20'000, 'x'))));
}

CAF_TEST(very many are taken in parts) {
  std::vector<store_answer> many;
  for (int i = 0; i < 450; ++i)
    many.push_back(some_answer(std::to_string(i)));
  in->add(many);
  std::size_t seen = 0;
  for (auto part = oldest(); !part.empty(); part = oldest()) {
    CAF_CHECK(part.size() < many.size());
    std::vector<std::int64_t> numbers;
    for (auto& each : part) {
      CAF_CHECK_EQUAL(each.what.answer.content, std::to_string(seen++));
      numbers.push_back(each.number);
    }
    CAF_REQUIRE(in->remove(numbers).has_value());
  }
  CAF_CHECK_EQUAL(seen, many.size());
}

CAF_TEST(what was set aside stays in the file with the reason and is passed over) {
  auto first = some_answer("one");
  auto second = some_answer("two");
  CAF_REQUIRE(add(first) && add(second));
  CAF_CHECK(in->set_aside(oldest().front().number, "It is too large.").has_value());
  CAF_CHECK((waiting() == std::vector<message>{second.answer}));
  in.reset();
  CAF_CHECK_EQUAL(sqlite::connection{file}.text("SELECT content || ': ' || refused FROM answers WHERE refused IS NOT NULL"),
                  "one: It is too large.");
}

CAF_TEST(the file is for its owner only) {
  struct stat about {};
  CAF_REQUIRE_EQUAL(::stat(file.c_str(), &about), 0);
  CAF_CHECK_EQUAL(about.st_mode & 0777u, 0600u);
}

CAF_TEST(a file that is no spool is refused and left alone) {
  in.reset();
  std::filesystem::remove(file);
  sqlite::connection{file}.execute("CREATE TABLE bookmarks (url TEXT)");
  auto refused = open_spool(file, 1024 * 1024);
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().code == ec::unavailable);
  CAF_CHECK(refused.error().message.find("spool.db cannot be used: it is a database of another program") != std::string::npos);
  CAF_CHECK_EQUAL(sqlite::connection{file}.integer("SELECT count(*) FROM bookmarks"), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
