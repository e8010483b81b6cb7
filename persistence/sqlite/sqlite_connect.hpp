#pragma once
// Connections to a SQLite database of ours: the store's, of which each of its two threads needs one, or a spool.

#include "persistence/sqlite/sqlite.hpp"
#include "persistence/sqlite/sqlite_store.hpp"

#include <cstdint>
#include <filesystem>
#include <span>

namespace parley::persistence {

/// "Parl": tells our databases from others.
constexpr std::int64_t sqlite_application_id = 0x5061726c;

/// What makes a database one of a kind.
struct sqlite_schema {
  std::int64_t application_id;
  /// See `sqlite_migrations`.
  std::span<const char* const> migrations;
};

sqlite_schema store_schema();

/// Makes the file if it isn't there, and brings the database to the newest version. Throws what is wrong with it, as a part of
/// a sentence.
sqlite::connection connect_writer(const std::filesystem::path& file, const sqlite_options& options,
                                  const sqlite_schema& schema = store_schema());

/// To a database that a writer of the same process has opened: they wait for each other.
sqlite::connection connect_second_writer(const std::filesystem::path& file, const sqlite_options& options);

/// To a database that a writer has opened.
sqlite::connection connect_reader(const std::filesystem::path& file, const sqlite_options& options);

} // namespace parley::persistence
