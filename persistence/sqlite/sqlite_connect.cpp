#include "persistence/sqlite/sqlite_connect.hpp"

#include "persistence/sqlite/migrations.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace parley::persistence {

namespace {

/// What the connection is told each time.
sqlite::connection connect(const std::filesystem::path& file, const sqlite_options& options) {
  sqlite::connection db{file};
  db.execute("PRAGMA busy_timeout = " + std::to_string(options.busy_timeout.count()));
  db.execute("PRAGMA foreign_keys = ON");
  // A commit is on the disk when it is answered, not only safe from a crash of the process.
  db.execute("PRAGMA synchronous = FULL");
  // What a savepoint remembers stays in memory.
  db.execute("PRAGMA temp_store = MEMORY");
  return db;
}

/// Makes the file if it isn't there, so that conversations are for the owner's eyes; SQLite's own files follow its rights.
void make_private(const std::filesystem::path& file) {
  auto descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    throw std::runtime_error{std::strerror(errno)};
  ::close(descriptor);
}

void migrate(sqlite::connection& db, const sqlite_schema& schema) {
  auto version = db.integer("PRAGMA user_version");
  auto whose = db.integer("PRAGMA application_id");
  auto is_new = db.integer("SELECT count(*) FROM sqlite_schema") == 0;
  if (!is_new && whose != schema.application_id)
    throw std::runtime_error{"it is a database of another program"};
  auto newest = static_cast<std::int64_t>(schema.migrations.size());
  if (version > newest)
    throw std::runtime_error{"a newer version of Parley made it (schema " + std::to_string(version) + ", this one knows "
                             + std::to_string(newest) + ")"};
  for (; version < newest; ++version) {
    db.execute("BEGIN IMMEDIATE");
    db.execute(schema.migrations[static_cast<std::size_t>(version)]);
    db.execute("PRAGMA application_id = " + std::to_string(schema.application_id));
    db.execute("PRAGMA user_version = " + std::to_string(version + 1));
    db.execute("COMMIT");
  }
}

} // namespace

sqlite_schema store_schema() {
  return {sqlite_application_id, sqlite_migrations()};
}

sqlite::connection connect_writer(const std::filesystem::path& file, const sqlite_options& options, const sqlite_schema& schema) {
  make_private(file);
  auto db = connect(file, options);
  migrate(db, schema);
  if (auto mode = db.text("PRAGMA journal_mode = WAL"); mode != "wal")
    throw std::runtime_error{"its file system does not allow a write-ahead log (journal mode " + mode + ")"};
  // A burst leaves no log of its size behind.
  db.integer("PRAGMA journal_size_limit = 67108864");
  if (options.max_bytes > 0)
    db.integer("PRAGMA max_page_count = " + std::to_string(options.max_bytes / db.integer("PRAGMA page_size")));
  return db;
}

sqlite::connection connect_second_writer(const std::filesystem::path& file, const sqlite_options& options) {
  return connect(file, options);
}

sqlite::connection connect_reader(const std::filesystem::path& file, const sqlite_options& options) {
  auto db = connect(file, options);
  db.execute("PRAGMA query_only = ON");
  return db;
}

} // namespace parley::persistence
