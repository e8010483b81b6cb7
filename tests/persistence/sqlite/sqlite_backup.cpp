#define CAF_SUITE persistence.sqlite.sqlite_backup

#include "persistence/sqlite/sqlite_backup.hpp"

#include "persistence/sqlite/migrations.hpp"
#include "persistence/sqlite/sqlite.hpp"
#include "persistence/sqlite/sqlite_store.hpp"
#include "tests/persistence/samples.hpp"
#include "tests/persistence/temporary_folder.hpp"

#include <caf/test/unit_test.hpp>

#include <atomic>
#include <fstream>
#include <thread>

#include <sys/stat.h>

using namespace parley;
using namespace parley::persistence;
using namespace parley::test;

namespace {

struct backup_fixture {
  std::string problem(const std::filesystem::path& from, const std::filesystem::path& to) {
    auto made = back_up_sqlite(from, to);
    return made ? "" : made.error().message;
  }

  temporary_folder folder;
  std::filesystem::path file = folder.path() / "parley.db";
  std::filesystem::path copy = folder.path() / "it's a copy.db";
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(backups, backup_fixture)

CAF_TEST(a backup of a store in use has each turn whole or not at all) {
  auto used = open_sqlite(file).value();
  std::atomic<bool> done = false;
  std::atomic<int> written = 0;
  std::thread writing{[&] {
    while (!done) {
      auto about = sample_session();
      auto user = user_message(about);
      auto answer = pending_answer(user);
      std::vector<store_write> batch{create_session{about}, append_messages{about.id, 1, {user, answer}, std::nullopt},
                                     store_answer{about.id, 1, finished(answer)}};
      for (auto& each : used.writer->write(batch))
        if (!each)
          return;
      ++written;
    }
  }};
  for (int i = 0; i < 5; ++i) {
    while (written < 20 * (i + 1))
      std::this_thread::yield();
    auto before = written.load();
    std::filesystem::remove(copy);
    auto made = back_up_sqlite(file, copy);
    CAF_REQUIRE(made.has_value());
    auto after = written.load();
    CAF_CHECK(made->sessions >= before && made->sessions <= after + 1);
    CAF_CHECK_EQUAL(made->messages, 2 * made->sessions);
    CAF_CHECK_EQUAL(made->bytes, std::filesystem::file_size(copy));
    auto restored = open_sqlite(copy).value();
    auto newest = restored.readers[0]->list(list_sessions{std::nullopt, 1}).value().data.at(0);
    auto messages = restored.readers[0]->list(list_messages{newest.id, std::nullopt, 10}).value().data;
    CAF_REQUIRE_EQUAL(messages.size(), 2u);
    CAF_CHECK_EQUAL(messages[1].content, "Hi there");
  }
  done = true;
  writing.join();
  CAF_CHECK(!std::filesystem::exists(copy.string() + ".unfinished"));
  struct ::stat about {};
  CAF_REQUIRE_EQUAL(::stat(copy.c_str(), &about), 0);
  CAF_CHECK_EQUAL(about.st_mode & 0777, 0600u);
}

CAF_TEST(a backup that cannot be made leaves nothing and overwrites nothing) {
  { auto made = open_sqlite(file).value(); }
  std::ofstream{copy} << "mine";
  CAF_CHECK_EQUAL(problem(file, copy), "There is no backup: " + copy.string() + ": there is a file already.");
  CAF_CHECK_EQUAL(std::filesystem::file_size(copy), 4u);
  auto missing = folder.path() / "missing.db";
  auto other = folder.path() / "other.db";
  CAF_CHECK_EQUAL(problem(missing, other), "There is no backup: " + missing.string() + ": there is no such file.");
  CAF_CHECK(!std::filesystem::exists(missing));
  auto nowhere = folder.path() / "none" / "copy.db";
  CAF_CHECK_EQUAL(problem(file, nowhere), "There is no backup: " + nowhere.string() + ".unfinished: No such file or directory.");
  sqlite::connection{missing}.execute("CREATE TABLE theirs (x)");
  CAF_CHECK_EQUAL(problem(missing, other), "There is no backup: " + missing.string() + ": it is not a database of Parley's.");
  CAF_CHECK(!std::filesystem::exists(other));
  CAF_CHECK(!std::filesystem::exists(other.string() + ".unfinished"));
}

CAF_TEST(migrating says the version and needs the store for itself) {
  CAF_CHECK(migrate_sqlite(file) == std::ssize(sqlite_migrations()));
  auto used = open_sqlite(file).value();
  auto refused = migrate_sqlite(file);
  CAF_REQUIRE(!refused);
  CAF_CHECK(refused.error().message.find("in use by process") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
