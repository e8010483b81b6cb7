#pragma once
// A real PostgreSQL for tests, in a temporary folder on a free port of the loopback, gone with the test; and a real PgBouncer
// before it.

#include "tests/persistence/temporary_folder.hpp"

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace parley::test {

/// A program that ends with the test, however that ends. Runs as `postgres` if the test is root: neither PostgreSQL nor
/// PgBouncer will be root.
class child_process {
public:
  /// Both outputs are appended to `log`.
  child_process(const std::vector<std::string>& command, const std::filesystem::path& log);
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process();

  /// To it and to its own children.
  void signal(int number);

  /// Its status, as `waitpid` has it.
  int wait();

private:
  pid_t pid_ = -1;
};

class postgres_server {
public:
  /// `settings` are lines for `postgresql.conf`, `initdb` are its options.
  explicit postgres_server(const std::string& settings = {}, const std::vector<std::string>& initdb = {});
  ~postgres_server();

  /// One for all tests of the program.
  static postgres_server& shared();

  int port() const { return port_; }

  /// `postgresql://…` of a database; at another port if there is something in between.
  std::string url(const std::string& database, int port = 0) const;

  /// An empty database.
  std::string new_database(const std::string& options = {});
  void drop_database(const std::string& name);

  /// The first column of the first row, or nothing.
  std::string run(const std::string& database, const std::string& statement);

  void start();
  /// As a crash of the machine would, but for what the system has in its caches.
  void kill();
  /// The processes are there and do nothing.
  void freeze();
  void thaw();

  /// A folder that the server may write to.
  std::filesystem::path new_folder(const std::string& name);

private:
  temporary_folder folder_;
  int port_;
  int databases_ = 0;
  std::unique_ptr<child_process> process_;
};

/// In transaction mode: each transaction gets another of three servers.
class pgbouncer {
public:
  explicit pgbouncer(const postgres_server& behind);

  int port() const { return port_; }

private:
  temporary_folder folder_;
  int port_;
  std::unique_ptr<child_process> process_;
};

} // namespace parley::test
