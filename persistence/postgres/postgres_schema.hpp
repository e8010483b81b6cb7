#pragma once
// The version of the PostgreSQL store's tables. Both functions throw: a sentence of what is wrong with the database, or what
// libpqxx throws.

#include "persistence/postgres/postgres_store.hpp"

namespace parley::persistence {

/// Brings the database to the newest version, and returns its number.
int migrate_schema(const postgres_options& options);

/// On return the database has the newest version. Throws if it hasn't and `options` allows no migration.
void prepare_schema(const postgres_options& options);

} // namespace parley::persistence
