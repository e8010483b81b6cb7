#pragma once

#include "persistence/postgres/postgres_store.hpp"
#include "tests/persistence/temporary_folder.hpp"
#include "tests/support/postgres.hpp"

namespace parley::test {

/// A new database on the program's PostgreSQL, and the stores of one node on it.
struct postgres_fixture {
  explicit postgres_fixture(int port = 0) {
    options.url = server.url(database, port);
    options.data_dir = folder.path();
    options.readers = 1;
    // The disk of a busy machine may stand still for seconds.
    options.statement_timeout = options.lock_timeout = options.call_timeout = std::chrono::minutes{1};
    open_stores();
  }

  ~postgres_fixture() {
    close();
    server.drop_database(database);
  }

  persistence::store& writer() { return *connections.writer; }

  persistence::store& reader() { return *connections.readers.front(); }

  void open_stores() { connections = persistence::open_postgres(options).value(); }

  void close() { connections = {}; }

  void reopen() {
    close();
    open_stores();
  }

  /// Why the database can't be opened, or nothing.
  std::string refusal() {
    auto result = persistence::open_postgres(options);
    return result ? std::string{} : result.error().message;
  }

  std::string sql(const std::string& statement) { return server.run(database, statement); }

  postgres_server& server = postgres_server::shared();
  std::string database = server.new_database();
  temporary_folder folder;
  persistence::postgres_options options;
  persistence::stores connections;
};

} // namespace parley::test
