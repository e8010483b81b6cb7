#pragma once
// The embedded store: one SQLite database, used by one process.

#include "persistence/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace parley::persistence {

struct sqlite_options {
  /// Connections that read, at least one.
  int readers = 1;
  /// How long to wait for a tool that has the database locked: a backup, an operator's shell.
  std::chrono::milliseconds busy_timeout{5'000};
  /// The database may not outgrow this; beyond it writes fail as on a full disk. 0 for no limit.
  std::int64_t max_bytes = 0;
};

/// Opens the database, makes it or brings it to the newest version, and ends the answers that a crash left running as
/// `failed`/`interrupted`. The directory must be there; the file is for its owner only. Fails with a sentence that says why:
/// another process has it, a newer Parley made it, it isn't a database of ours, it is damaged, …
expected<stores> open_sqlite(const std::filesystem::path& file, const sqlite_options& options = {});

} // namespace parley::persistence
