#include "persistence/postgres/postgres_connection.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include <libpq-fe.h>
#include <pqxx/except>
#include <sys/socket.h>

namespace parley::persistence::postgres {

namespace {

using parsed_url = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

/// libpq's own complaint could have the password in it.
parsed_url parse(const std::string& url) {
  char* complaint = nullptr;
  parsed_url result{PQconninfoParse(url.c_str(), &complaint), PQconninfoFree};
  PQfreemem(complaint);
  if (!result)
    throw std::runtime_error{"its URL can't be read; it is postgresql://user:password@host:port/database, with %XX for what is "
                             "special in a URL"};
  return result;
}

std::string quoted(std::string_view value) {
  std::string result = "'";
  for (auto c : value) {
    if (c == '\'' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + "'";
}

std::string begin_statements(const postgres_options& options, access what) {
  auto set = [](const char* name, std::chrono::milliseconds value) {
    return std::string{"; SET LOCAL "} + name + " = " + std::to_string(value.count());
  };
  // In one message. LOCAL: behind PgBouncer what is set for longer would be set for others.
  std::string result = what == access::write ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";
  result += set("statement_timeout", options.statement_timeout) + set("lock_timeout", options.lock_timeout)
            + set("idle_in_transaction_session_timeout", options.idle_timeout);
  // A commit is on the disk when it is answered, also where that isn't the server's default.
  if (what == access::write)
    result += "; SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";
  return result;
}

} // namespace

std::string connection_parameters(const postgres_options& options) {
  auto parsed = parse(options.url);
  std::string result;
  bool has_timeout = false;
  for (auto* each = parsed.get(); each->keyword; ++each) {
    if (!each->val)
      continue;
    std::string_view key = each->keyword;
    has_timeout = has_timeout || key == "connect_timeout";
    if (key != "client_encoding")
      result += std::string{key} + "=" + quoted(each->val) + " ";
  }
  if (!has_timeout)
    result += "connect_timeout=" + std::to_string(options.connect_timeout.count()) + " ";
  return result + "client_encoding=UTF8 fallback_application_name=parley";
}

std::string first_line(const std::exception& why) {
  std::string_view text = why.what();
  text = text.substr(0, text.find('\n'));
  while (text.ends_with('.') || text.ends_with(' '))
    text.remove_suffix(1);
  return std::string{text};
}

// -- socket_deadline -------------------------------------------------------------------------------------------------

socket_deadline::socket_deadline() : thread_([this] { watch(); }) {}

socket_deadline::~socket_deadline() {
  {
    std::lock_guard guard{mutex_};
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void socket_deadline::arm(int socket, std::chrono::steady_clock::time_point when) {
  {
    std::lock_guard guard{mutex_};
    socket_ = socket;
    when_ = when;
    over_ = false;
  }
  changed_.notify_one();
}

bool socket_deadline::disarm() {
  std::lock_guard guard{mutex_};
  socket_ = -1;
  return !over_;
}

void socket_deadline::watch() {
  std::unique_lock guard{mutex_};
  while (!ends_) {
    if (socket_ < 0) {
      changed_.wait(guard);
    } else if (changed_.wait_until(guard, when_) == std::cv_status::timeout && socket_ >= 0
               && std::chrono::steady_clock::now() >= when_) {
      ::shutdown(socket_, SHUT_RDWR);
      socket_ = -1;
      over_ = true;
    }
  }
}

// -- connection ------------------------------------------------------------------------------------------------------

connection::connection(const postgres_options& options, access what)
  : parameters_(connection_parameters(options)), begin_(begin_statements(options, what)), call_timeout_(options.call_timeout) {}

connection::~connection() {
  drop();
}

void connection::start_call(std::optional<std::chrono::milliseconds> timeout) {
  deadline_ = std::chrono::steady_clock::now() + timeout.value_or(call_timeout_);
  timed_out_ = was_lost_ = false;
}

void connection::connect() {
  if (std::chrono::steady_clock::now() >= deadline_) {
    timed_out_ = true;
    throw pqxx::broken_connection{"no time is left"};
  }
  server_.emplace(parameters_);
}

void connection::begin() {
  auto is_new = !server_;
  try {
    if (is_new)
      connect();
    clock_.arm(server_->sock(), deadline_);
    transaction_.emplace(*server_);
    transaction_->run(begin_);
  } catch (const std::exception&) {
    roll_back();
    drop();
    // A connection that was left alone for a while may have been lost meanwhile, and nothing was done with it yet.
    if (is_new || timed_out_)
      throw;
    was_lost_ = false;
    begin();
  }
}

void connection::commit() {
  transaction_->run("COMMIT");
  transaction_.reset();
  clock_.disarm();
}

void connection::roll_back() {
  try {
    if (transaction_ && server_->is_open())
      transaction_->run("ROLLBACK");
  } catch (const std::exception&) {
    // The server ends the transaction when it sees that we are gone.
  }
  transaction_.reset();
  timed_out_ = !clock_.disarm() || timed_out_;
  if (server_ && !server_->is_open()) {
    was_lost_ = true;
    server_.reset();
  }
}

void connection::drop() {
  transaction_.reset();
  clock_.disarm();
  server_.reset();
}

int connection::server_version() {
  if (!server_)
    connect();
  return server_->server_version();
}

std::string connection::reason(const std::exception& why) const {
  if (timed_out_)
    return "it did not answer in time";
  if (was_lost_)
    return "the connection was lost";
  auto result = first_line(why);
  // Clients hear this, and the server's address is not theirs: `connection to server at "10.0.0.1", port 5432 failed: …`.
  constexpr std::string_view no_connection = " failed: ";
  if (result.starts_with("connection to server") && result.find(no_connection) != std::string::npos)
    result.erase(0, result.find(no_connection) + no_connection.size());
  else if (result.starts_with("could not translate host name"))
    result = "its host name can't be resolved";
  for (std::string_view prefix : {"ERROR:  ", "FATAL:  "})
    if (result.starts_with(prefix))
      result.erase(0, prefix.size());
  return result;
}

} // namespace parley::persistence::postgres

namespace parley::persistence {

std::string postgres_place(const std::string& url) {
  try {
    auto parsed = postgres::parse(url);
    std::string host = "localhost", port, database;
    for (auto* each = parsed.get(); each->keyword; ++each) {
      std::string_view key = each->keyword;
      if (!each->val)
        continue;
      if (key == "host")
        host = each->val;
      else if (key == "port")
        port = std::string{":"} + each->val;
      else if (key == "dbname")
        database = std::string{"/"} + each->val;
    }
    return host + port + database;
  } catch (const std::exception& why) {
    return why.what();
  }
}

} // namespace parley::persistence
