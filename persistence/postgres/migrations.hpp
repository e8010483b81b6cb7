#pragma once
// How a PostgreSQL database becomes one of the newest version.

#include <span>

namespace parley::persistence {

/// In their order; the table `parley_schema` says how many the database has gone through. What has been released is never
/// edited: a change of the schema is one more at the end. Each has to run within a transaction.
std::span<const char* const> postgres_migrations();

} // namespace parley::persistence
