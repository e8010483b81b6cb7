#pragma once
// The store for production and for clusters: a PostgreSQL database that several nodes may share.

#include "persistence/store/store.hpp"

#include <chrono>
#include <filesystem>
#include <string>

namespace parley::persistence {

struct postgres_options {
  /// `postgresql://user:password@host:port/database?option=value` as libpq reads it. May be a PgBouncer's, in transaction mode.
  std::string url;
  /// The node's own folder: has its identity, by which a restarted node knows the answers that it left running.
  std::filesystem::path data_dir;
  /// Connections that read, for a thread each.
  int readers = 4;
  /// False: a database of an older version is refused instead of brought to the newest.
  bool migrate = true;
  /// What the spool in the node's folder may hold.
  std::int64_t spool_bytes = 256 * 1024 * 1024;

  /// For each address of the host; libpq takes whole seconds, and at least two.
  std::chrono::seconds connect_timeout{3};
  /// How long PostgreSQL waits for another transaction's row, …
  std::chrono::milliseconds lock_timeout{3'000};
  /// … works on one statement, …
  std::chrono::milliseconds statement_timeout{5'000};
  /// … and keeps a transaction whose client says nothing: a frozen node holds no locks for longer.
  std::chrono::milliseconds idle_timeout{10'000};
  /// One call, with all its statements and a reconnect; then the connection is cut, whatever the server does. Below
  /// `defaults::store_timeout`, so that the caller hears of it.
  std::chrono::milliseconds call_timeout{8'000};
};

/// Connects, makes the tables or brings them to the newest version, stores what an earlier process left in the spool
/// (`spool.db` in the node's folder), and ends the other answers that this node left running as
/// `failed`/`interrupted`. Those of other nodes, which may be alive, end when their session is opened. Fails with a sentence
/// that says why; it has no password in it. `ec::store_unavailable`: it may pass by itself; else it is for a person to mend.
expected<stores> open_postgres(const postgres_options& options);

/// Brings the database to the newest version, and returns its number. Any number of nodes may do it at once.
expected<int> migrate_postgres(const postgres_options& options);

/// Where the URL points to, for people: `db.example.org:5432/parley`. No user, no password.
std::string postgres_place(const std::string& url);

} // namespace parley::persistence
