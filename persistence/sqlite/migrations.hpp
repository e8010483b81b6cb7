#pragma once
// How a SQLite database becomes one of the newest version.

#include <span>

namespace parley::persistence {

/// In their order. The database's `user_version` says how many it has gone through. What has been released is never
/// edited: a change of the schema is one more at the end.
std::span<const char* const> sqlite_migrations();

} // namespace parley::persistence
