#pragma once
// Connections to the SQLite store's database, as each of its two threads needs one.

#include "persistence/sqlite.hpp"
#include "persistence/sqlite_store.hpp"

#include <cstdint>
#include <filesystem>

namespace parley::persistence {

/// "Parl": tells our databases from others.
constexpr std::int64_t sqlite_application_id = 0x5061726c;

/// Makes the file if it isn't there, and brings the database to the newest version. Throws what is wrong with it, as a part of
/// a sentence.
sqlite::connection connect_writer(const std::filesystem::path& file, const sqlite_options& options);

/// To a database that a writer of the same process has opened: they wait for each other.
sqlite::connection connect_second_writer(const std::filesystem::path& file, const sqlite_options& options);

/// To a database that a writer has opened.
sqlite::connection connect_reader(const std::filesystem::path& file, const sqlite_options& options);

} // namespace parley::persistence
