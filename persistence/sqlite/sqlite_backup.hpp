#pragma once
// Copies of an embedded store while a Parley runs on it.

#include "core/error.hpp"

#include <cstdint>
#include <filesystem>

namespace parley::persistence {

struct backup_made {
  std::int64_t sessions = 0;
  std::int64_t messages = 0;
  std::uintmax_t bytes = 0;
};

/// Writes the database as it is at one moment, whoever writes to it meanwhile, into a new file for its owner only. The file has
/// its name when it is whole and on the disk. Fails with a sentence that says why.
expected<backup_made> back_up_sqlite(const std::filesystem::path& from, const std::filesystem::path& to);

/// Brings the database to the newest version, and returns its number. No running Parley may have it.
expected<int> migrate_sqlite(const std::filesystem::path& file);

} // namespace parley::persistence
