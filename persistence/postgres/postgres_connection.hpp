#pragma once
// One connection to PostgreSQL, and its transactions. Throws what libpqxx throws; the store catches it.

#include "persistence/postgres/postgres_store.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <pqxx/connection>
#include <pqxx/nontransaction>

namespace parley::persistence::postgres {

/// Ends the wait for a server that says nothing. libpq waits without an end, and the server's own timeouts are of no use when
/// it is frozen or out of reach; so this shuts the socket down when the time is over, which libpq takes for a lost
/// connection.
class socket_deadline {
public:
  socket_deadline();
  socket_deadline(const socket_deadline&) = delete;
  socket_deadline& operator=(const socket_deadline&) = delete;
  ~socket_deadline();

  /// Until `disarm` the socket stays open.
  void arm(int socket, std::chrono::steady_clock::time_point when);

  /// False if the time was over before.
  bool disarm();

private:
  void watch();

  std::mutex mutex_;
  std::condition_variable changed_;
  int socket_ = -1;
  std::chrono::steady_clock::time_point when_;
  bool over_ = false;
  bool ends_ = false;
  std::thread thread_;
};

/// A statement's parameters are texts; PostgreSQL makes of them what the statement says. Nothing is prepared: PgBouncer hands
/// each transaction another server.
class transaction {
public:
  explicit transaction(pqxx::connection& on) : on_(on) {}

  /// One statement, or several without parameters.
  template <class... Parameters>
  pqxx::result run(const std::string& statement, const Parameters&... parameters) {
    if constexpr (sizeof...(parameters) == 0)
      return on_.exec(statement);
    else
      return on_.exec_params(statement, parameters...);
  }

private:
  pqxx::nontransaction on_;
};

enum class access { write, read_only };

/// Connects when it has to, and again after a loss. Used by one thread.
class connection {
public:
  connection(const postgres_options& options, access what);
  ~connection();

  /// Begins a call: `call_timeout`, or what is given, is counted from here.
  void start_call(std::optional<std::chrono::milliseconds> timeout = std::nullopt);

  /// Runs `work(transaction&)` between BEGIN and COMMIT. If it throws, or the commit does, the transaction is rolled back or its
  /// outcome is unknown: then the connection is gone too.
  template <class Function>
  auto in_transaction(Function&& work) {
    begin();
    try {
      auto result = work(*transaction_);
      commit();
      return result;
    } catch (...) {
      roll_back();
      throw;
    }
  }

  /// The next call connects anew.
  void drop();

  /// Of the server; connects.
  int server_version();

  /// What went wrong in the call, as a part of a sentence, without an address.
  std::string reason(const std::exception& why) const;

private:
  void connect();
  void begin();
  void commit();
  void roll_back();

  const std::string parameters_;
  const std::string begin_;
  const std::chrono::milliseconds call_timeout_;
  std::chrono::steady_clock::time_point deadline_;
  // What became of the call's connection.
  bool timed_out_ = false;
  bool was_lost_ = false;
  std::optional<pqxx::connection> server_;
  std::optional<transaction> transaction_;
  socket_deadline clock_;
};

/// The further lines of libpq's messages quote data and statements.
std::string first_line(const std::exception& why);

/// The URL as libpq's key and value pairs, with ours added. Throws if the URL can't be read; the message has none of it.
std::string connection_parameters(const postgres_options& options);

} // namespace parley::persistence::postgres
