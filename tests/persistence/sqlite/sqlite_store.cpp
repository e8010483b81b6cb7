#define CAF_SUITE persistence.sqlite.sqlite_store

#include "persistence/sqlite/sqlite_store.hpp"

#include "persistence/sqlite/migrations.hpp"
#include "persistence/sqlite/sqlite.hpp"
#include "tests/persistence/temporary_folder.hpp"

#include <caf/test/unit_test.hpp>

#include <fstream>
#include <sstream>

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace parley::persistence;

struct store_fixture {
  store_fixture() { connections = open_sqlite(file).value(); }

  store& writer() { return *connections.writer; }

  store& reader() { return *connections.readers.front(); }

  void close() { connections = {}; }

  void reopen() {
    close();
    connections = open_sqlite(file).value();
  }

  /// Why the database can't be opened, or nothing.
  std::string refusal() {
    auto opened = open_sqlite(file);
    return opened ? std::string{} : opened.error().message;
  }

  parley::test::temporary_folder folder;
  std::filesystem::path file = folder.path() / "parley.db";
  stores connections;
};

bool says(const std::string& text, std::string_view part) {
  if (text.find(part) != std::string::npos)
    return true;
  CAF_MESSAGE("it says: " << text);
  return false;
}

/// Files that are written to may not outgrow this many bytes: a disk that is full.
class file_size_limit {
public:
  explicit file_size_limit(std::uintmax_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    auto limited = before_;
    limited.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }

  file_size_limit(const file_size_limit&) = delete;
  file_size_limit& operator=(const file_size_limit&) = delete;

  ~file_size_limit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

private:
  rlimit before_{};
};

} // namespace

#include "tests/persistence/store_contract.hpp"

CAF_TEST_FIXTURE_SCOPE(sqlite_store_tests, store_fixture)

using namespace store_contract;

// -- one process at a time -------------------------------------------------------------------------------------------

CAF_TEST(a second user of the database is told who has it) {
  CAF_CHECK(says(refusal(), "in use by process " + std::to_string(::getpid())));
  close();
  CAF_CHECK_EQUAL(refusal(), "");
}

CAF_TEST(the reader alone still keeps others out) {
  connections.writer.reset();
  CAF_CHECK(says(refusal(), "in use by process"));
}

CAF_TEST(another process is refused and one that was killed leaves the database free) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi"))));
  close();
  int ready[2];
  CAF_REQUIRE_EQUAL(::pipe(ready), 0);
  auto child = ::fork();
  CAF_REQUIRE(child >= 0);
  if (child == 0) {
    auto opened = open_sqlite(file);
    char answer = opened ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) == 1)
      ::pause();
    ::_exit(0);
  }
  char answer = 0;
  CAF_CHECK_EQUAL(::read(ready[0], &answer, 1), 1);
  CAF_CHECK_EQUAL(answer, 'y');
  CAF_CHECK(says(refusal(), "in use by process " + std::to_string(child)));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  reopen();
  CAF_CHECK_EQUAL(stored(reader(), first.answer.id).content, "Hi");
}

CAF_TEST(the database is for its owner only) {
  begun_turn first{writer()};
  for (auto name : {"parley.db", "parley.db-wal", "parley.db-shm", "parley.db.lock"}) {
    struct stat about {};
    CAF_CHECK_EQUAL(::stat((folder.path() / name).c_str(), &about), 0);
    CAF_CHECK_EQUAL(about.st_mode & 077u, 0u);
  }
}

CAF_TEST(the reader cannot write) {
  CAF_CHECK(failed_as(ec::store_unavailable, write(reader(), create_session{sample_session()})));
}

// -- what is opened --------------------------------------------------------------------------------------------------

CAF_TEST(a crash leaves no answer running whoever opens its session) {
  begun_turn first{writer()};
  begun_turn second{writer()};
  begun_turn third{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi "))));
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 3, "there"))));
  CAF_REQUIRE(ok(write(writer(), store_answer{third.about.id, 1, finished(third.answer)})));
  reopen();
  auto kept = stored(reader(), first.answer.id);
  CAF_CHECK(kept.status == message_status::failed);
  CAF_CHECK(kept.finish == finish_reason::interrupted);
  CAF_CHECK(!kept.error);
  CAF_CHECK_EQUAL(kept.content, "Hi there");
  CAF_CHECK(kept.completed_at >= kept.created_at);
  CAF_CHECK(stored(reader(), second.answer.id).finish == finish_reason::interrupted);
  CAF_CHECK(stored(reader(), third.answer.id) == finished(third.answer));
  close();
  CAF_CHECK_EQUAL(sqlite::connection{file}.integer("SELECT count(*) FROM answer_pieces"), 0);
}

CAF_TEST(a finish leaves no checkpoints behind) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), piece(first.answer, 0, "Hi"))));
  CAF_CHECK_EQUAL(sqlite::connection{file}.integer("SELECT count(*) FROM answer_pieces"), 1);
  CAF_REQUIRE(ok(write(writer(), store_answer{first.about.id, 1, finished(first.answer)})));
  CAF_CHECK_EQUAL(sqlite::connection{file}.integer("SELECT count(*) FROM answer_pieces"), 0);
}

CAF_TEST(a new database knows whose it is and its version) {
  sqlite::connection beside{file};
  CAF_CHECK_EQUAL(beside.integer("PRAGMA application_id"), 0x5061726c);
  CAF_CHECK_EQUAL(beside.integer("PRAGMA user_version"), std::ssize(sqlite_migrations()));
  CAF_CHECK_EQUAL(beside.text("PRAGMA journal_mode"), "wal");
  CAF_CHECK_EQUAL(beside.text("PRAGMA integrity_check"), "ok");
}

CAF_TEST(a database of the first version keeps its messages) {
  begun_turn first{writer()};
  CAF_REQUIRE(ok(write(writer(), store_answer{first.about.id, 1, finished(first.answer)})));
  close();
  sqlite::connection{file}.execute("DROP TABLE comparisons; DROP TABLE votes; ALTER TABLE sessions DROP COLUMN blind; "
                                   "ALTER TABLE messages DROP COLUMN recovered; ALTER TABLE messages DROP COLUMN stretches; "
                                   "PRAGMA user_version = 1");
  reopen();
  auto kept = finished(first.answer);
  kept.stretches.clear(); // that version knew none
  CAF_CHECK((transcript(reader(), first.about.id) == std::vector<message>{first.user, kept}));
}

CAF_TEST(a database of a newer version is refused and left alone) {
  close();
  sqlite::connection{file}.execute("PRAGMA user_version = 1000");
  CAF_CHECK(says(refusal(), "a newer version of Parley made it (schema 1000"));
  CAF_CHECK_EQUAL(sqlite::connection{file}.integer("PRAGMA user_version"), 1'000);
}

CAF_TEST(a database of another program is refused and left alone) {
  close();
  std::filesystem::remove(file);
  sqlite::connection{file}.execute("CREATE TABLE bookmarks (url TEXT)");
  CAF_CHECK(says(refusal(), "another program"));
  CAF_CHECK_EQUAL(sqlite::connection{file}.integer("SELECT count(*) FROM sqlite_schema"), 1);
}

CAF_TEST(a file that is no database is refused and left alone) {
  close();
  std::filesystem::remove(file);
  auto text = std::string(5'000, 'x');
  std::ofstream{file} << text;
  CAF_CHECK(says(refusal(), "not a database"));
  std::stringstream kept;
  kept << std::ifstream{file}.rdbuf();
  CAF_CHECK(kept.str() == text);
}

CAF_TEST(a damaged database says so) {
  begun_turn first{writer()};
  auto long_one = user_message(first.about, std::nullopt, std::string(100'000, 'x'));
  CAF_REQUIRE(ok(write(writer(), append_messages{first.about.id, 1, {long_one}, std::nullopt})));
  close();
  {
    // All pages but the first, which has the schema.
    std::fstream damaged{file, std::ios::in | std::ios::out | std::ios::binary};
    damaged.seekp(4'096);
    damaged << std::string(static_cast<std::size_t>(std::filesystem::file_size(file)) - 4'096, '\x5a');
  }
  CAF_CHECK(says(refusal(), "malformed"));
}

CAF_TEST(a folder that is not there is named) {
  close();
  file = folder.path() / "absent" / "parley.db";
  CAF_CHECK(says(refusal(), "No such file or directory"));
}

// -- a full disk -----------------------------------------------------------------------------------------------------

CAF_TEST(a full database fails whole batches and goes on when there is room again) {
  close();
  sqlite_options limited;
  limited.max_bytes = 1024 * 1024;
  connections = open_sqlite(file, limited).value();
  begun_turn first{writer()};
  auto small = user_message(first.about);
  auto large = user_message(first.about, std::nullopt, std::string(2 * 1024 * 1024, 'x'));
  std::vector<store_write> batch{append_messages{first.about.id, 1, {small}, std::nullopt},
                                 append_messages{first.about.id, 1, {large}, std::nullopt}};
  auto results = writer().write(batch);
  CAF_REQUIRE_EQUAL(results.size(), 2u);
  for (auto& result : results) {
    CAF_CHECK(failed_as(ec::store_unavailable, result));
    CAF_CHECK(says(result.error().message, "full"));
  }
  CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 2u);
  // What is repeated without the large one goes in.
  CAF_CHECK(ok(write(writer(), batch[0])));
  CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 3u);
}

CAF_TEST(a disk that takes no more is told by writes and by signs of life until it does) {
  begun_turn first{writer()};
  auto large = user_message(first.about, std::nullopt, std::string(2 * 1024 * 1024, 'x'));
  append_messages added{first.about.id, 1, {large}, std::nullopt};
  {
    file_size_limit full{std::filesystem::file_size(file.string() + "-wal")};
    CAF_CHECK(failed_as(ec::store_unavailable, write(writer(), added)));
    CAF_CHECK(failed_as(ec::store_unavailable, writer().ping()));
    // Reading goes on.
    CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 2u);
  }
  CAF_CHECK(writer().ping().has_value());
  CAF_CHECK(ok(write(writer(), added)));
  CAF_CHECK(stored(reader(), large.id) == large);
}

CAF_TEST(a database that another has locked is unavailable and not damaged) {
  close();
  sqlite_options impatient;
  impatient.busy_timeout = std::chrono::milliseconds{1};
  connections = open_sqlite(file, impatient).value();
  begun_turn first{writer()};
  sqlite::connection other{file};
  other.execute("BEGIN IMMEDIATE");
  CAF_CHECK(failed_as(ec::store_unavailable, write(writer(), piece(first.answer, 0, "Hi"))));
  CAF_CHECK_EQUAL(transcript(reader(), first.about.id).size(), 2u);
  other.execute("ROLLBACK");
  CAF_CHECK(ok(write(writer(), piece(first.answer, 0, "Hi"))));
}

CAF_TEST(each of several readers sees what was committed) {
  close();
  sqlite_options wider;
  wider.readers = 3;
  connections = open_sqlite(file, wider).value();
  CAF_REQUIRE_EQUAL(connections.readers.size(), 3u);
  begun_turn first{writer()};
  for (auto& each : connections.readers)
    CAF_CHECK(stored(*each, first.answer.id) == first.answer);
}

// -- how it asks -----------------------------------------------------------------------------------------------------

CAF_TEST(nothing that is asked for often reads a whole table) {
  sqlite::connection beside{file};
  for (auto sql : {"SELECT * FROM sessions WHERE id < ? ORDER BY id DESC LIMIT ?",
                   "SELECT * FROM messages WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?",
                   "SELECT * FROM messages WHERE id = ?", "SELECT id FROM messages WHERE parent_id = ?",
                   "SELECT id FROM messages WHERE session_id = ? AND status IN ('pending', 'streaming')",
                   "SELECT id FROM messages WHERE status IN ('pending', 'streaming')",
                   "SELECT reasoning, content FROM answer_pieces WHERE message_seq = ? ORDER BY position"}) {
    auto plan = beside.prepare(std::string{"EXPLAIN QUERY PLAN "} + sql);
    auto steps = plan.query();
    while (steps.next()) {
      auto step = std::string{steps.text(3)};
      auto by_index = step.starts_with("SEARCH") || step.find("messages_running") != std::string::npos;
      CAF_CHECK(by_index && step.find("TEMP B-TREE") == std::string::npos);
    }
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
