#pragma once
// The spool as a SQLite file in the node's own folder.

#include "persistence/store/spool.hpp"

#include <filesystem>
#include <memory>

namespace parley::persistence {

/// Makes the file if it isn't there. `max_bytes` bounds the database; beyond it answers are refused. Fails with a sentence;
/// `ec::unavailable`, since waiting doesn't help.
expected<std::unique_ptr<spool>> open_spool(const std::filesystem::path& file, std::int64_t max_bytes);

} // namespace parley::persistence
