#include "persistence/postgres/postgres_schema.hpp"

#include "persistence/postgres/migrations.hpp"
#include "persistence/postgres/postgres_connection.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

namespace parley::persistence {

namespace {

using namespace postgres;

/// Nodes that migrate the same database wait for each other: "Parl".
constexpr const char* migration_lock = "1348563564";

/// A large table takes its time to get an index.
constexpr std::chrono::minutes migration_timeout{10};

/// 0 for a database without our tables.
int schema_version(transaction& in) {
  if (in.run("SELECT to_regclass('parley_schema')")[0][0].is_null())
    return 0;
  return in.run("SELECT version FROM parley_schema")[0][0].as<int>();
}

/// Throws a sentence if the database isn't one for us.
int checked_version(transaction& in) {
  if (auto encoding = in.run("SHOW server_encoding")[0][0].as<std::string>(); encoding != "UTF8")
    throw std::runtime_error{"its encoding is " + encoding + ", which can't hold every text; make it with ENCODING 'UTF8'"};
  auto version = schema_version(in);
  if (auto newest = std::ssize(postgres_migrations()); version > newest)
    throw std::runtime_error{"a newer version of Parley made it (schema " + std::to_string(version) + ", this one knows "
                             + std::to_string(newest) + ")"};
  return version;
}

} // namespace

int migrate_schema(const postgres_options& options) {
  auto patient = options;
  patient.statement_timeout = patient.lock_timeout = patient.call_timeout = migration_timeout;
  connection server{patient, access::write};
  server.start_call();
  auto migrations = postgres_migrations();
  return server.in_transaction([&](transaction& in) {
    in.run(std::string{"SELECT pg_advisory_xact_lock("} + migration_lock + ")");
    auto version = static_cast<std::size_t>(checked_version(in));
    if (version == 0)
      in.run("CREATE TABLE parley_schema (version integer NOT NULL, written_at timestamptz NOT NULL DEFAULT now()); "
             "INSERT INTO parley_schema VALUES (0)");
    for (; version < migrations.size(); ++version)
      in.run(migrations[version]);
    in.run("UPDATE parley_schema SET version = $1::integer, written_at = now()", version);
    return static_cast<int>(version);
  });
}

void prepare_schema(const postgres_options& options) {
  connection server{options, access::read_only};
  server.start_call();
  auto version = server.in_transaction([&](transaction& in) { return checked_version(in); });
  if (version == std::ssize(postgres_migrations()))
    return;
  if (!options.migrate)
    throw std::runtime_error{"it has schema " + std::to_string(version) + " and needs "
                             + std::to_string(postgres_migrations().size()) + "; run `parley migrate`"};
  migrate_schema(options);
}

} // namespace parley::persistence
