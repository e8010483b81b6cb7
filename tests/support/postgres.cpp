#include "tests/support/postgres.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/result>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace parley::test {

namespace {

constexpr const char* user = "parley";

/// Who the servers run as; null if that is who we are.
const passwd* other_user() {
  if (::geteuid() != 0)
    return nullptr;
  auto* found = ::getpwnam("postgres");
  if (!found)
    throw std::runtime_error{"there is no user postgres, which the tests' PostgreSQL would run as"};
  return found;
}

void give_away(const std::filesystem::path& file) {
  if (auto* to = other_user(); to && ::chown(file.c_str(), to->pw_uid, to->pw_gid) != 0)
    throw std::runtime_error{"cannot give " + file.string() + " to postgres"};
}

int free_port() {
  auto listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, size) != 0 || ::getsockname(listener, generic, &size) != 0)
    throw std::runtime_error{"there is no free port"};
  ::close(listener);
  return ntohs(address.sin_port);
}

/// The folder of the newest PostgreSQL: Debian keeps its server's programs out of the PATH.
std::filesystem::path programs() {
  std::filesystem::path newest;
  int version = 0;
  std::error_code ignored;
  for (auto& each : std::filesystem::directory_iterator{"/usr/lib/postgresql", ignored})
    if (auto number = std::atoi(each.path().filename().c_str()); number > version) {
      version = number;
      newest = each.path() / "bin";
    }
  if (newest.empty())
    throw std::runtime_error{"there is no PostgreSQL in /usr/lib/postgresql; ./dev test installs it"};
  return newest;
}

std::string contents(const std::filesystem::path& file) {
  std::stringstream result;
  result << std::ifstream{file}.rdbuf();
  return result.str();
}

void wait_until_it_answers(const std::string& url, const std::filesystem::path& log) {
  using namespace std::chrono_literals;
  auto patience = std::chrono::steady_clock::now() + 60s;
  while (PQping(url.c_str()) != PQPING_OK) {
    if (std::chrono::steady_clock::now() > patience)
      throw std::runtime_error{"no answer from the server; its log says:\n" + contents(log)};
    std::this_thread::sleep_for(20ms);
  }
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> result;
  std::error_code ignored;
  for (auto& each : std::filesystem::directory_iterator{"/proc", ignored}) {
    auto number = static_cast<pid_t>(std::atoi(each.path().filename().c_str()));
    auto text = number > 0 ? contents(each.path() / "stat") : std::string{};
    // `42 (a name) S 7 …`: the parent comes after the state.
    auto after_name = text.rfind(')');
    if (after_name != std::string::npos && std::atoi(text.c_str() + after_name + 4) == parent)
      result.push_back(number);
  }
  return result;
}

} // namespace

// -- child_process ---------------------------------------------------------------------------------------------------

child_process::child_process(const std::vector<std::string>& command, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  for (auto& each : command)
    arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  auto* as = other_user();
  pid_ = ::fork();
  if (pid_ < 0)
    throw std::runtime_error{"cannot start a process"};
  if (pid_ > 0)
    return;
  auto output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(output, 1);
  ::dup2(output, 2);
  // A terminal's Ctrl+C is for the test, which then takes this along.
  ::setpgid(0, 0);
  if (as && (::setgroups(0, nullptr) != 0 || ::setgid(as->pw_gid) != 0 || ::setuid(as->pw_uid) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::chdir("/") == 0)
    ::execvp(arguments[0], arguments.data());
  std::cerr << arguments[0] << ": " << std::strerror(errno) << std::endl;
  ::_exit(127);
}

child_process::~child_process() {
  if (pid_ > 0) {
    signal(SIGKILL);
    wait();
  }
}

void child_process::signal(int number) {
  auto children = children_of(pid_);
  ::kill(pid_, number);
  for (auto each : children)
    ::kill(each, number);
}

int child_process::wait() {
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return status;
}

// -- postgres_server -------------------------------------------------------------------------------------------------

postgres_server::postgres_server(const std::string& settings, const std::vector<std::string>& initdb) : port_(free_port()) {
  give_away(folder_.path());
  auto data = folder_.path() / "data";
  auto log = folder_.path() / "initdb.log";
  std::vector<std::string> command{programs() / "initdb", "--pgdata", data,       "--username", user,       "--auth", "trust",
                                   "--encoding",          "UTF8",     "--locale", "C.UTF-8",    "--no-sync"};
  command.insert(command.end(), initdb.begin(), initdb.end());
  child_process made{command, log};
  if (made.wait() != 0)
    throw std::runtime_error{"initdb failed:\n" + contents(log)};
  std::ofstream{data / "postgresql.auto.conf", std::ios::app}
    << "listen_addresses = '127.0.0.1'\nport = " << port_ << "\nunix_socket_directories = ''\nfsync = on\nshared_buffers = 32MB\n"
    << settings << '\n';
  start();
}

postgres_server::~postgres_server() {
  if (process_) {
    process_->signal(SIGCONT);
    process_->signal(SIGKILL);
  }
}

postgres_server& postgres_server::shared() {
  static postgres_server one;
  return one;
}

std::string postgres_server::url(const std::string& database, int port) const {
  return std::string{"postgresql://"} + user + "@127.0.0.1:" + std::to_string(port > 0 ? port : port_) + "/" + database
         + "?sslmode=disable&gssencmode=disable";
}

std::string postgres_server::new_database(const std::string& options) {
  auto name = "test" + std::to_string(++databases_);
  run("postgres", "CREATE DATABASE " + name + " " + options);
  return name;
}

void postgres_server::drop_database(const std::string& name) {
  run("postgres", "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
}

std::string postgres_server::run(const std::string& database, const std::string& statement) {
  pqxx::connection connection{url(database)};
  pqxx::nontransaction plain{connection};
  auto result = plain.exec(statement);
  return result.empty() || result[0].empty() || result[0][0].is_null() ? std::string{} : result[0][0].as<std::string>();
}

void postgres_server::start() {
  auto log = folder_.path() / "postgres.log";
  process_ =
    std::make_unique<child_process>(std::vector<std::string>{programs() / "postgres", "-D", folder_.path() / "data"}, log);
  wait_until_it_answers(url("postgres"), log);
}

void postgres_server::kill() {
  process_.reset();
}

void postgres_server::freeze() {
  process_->signal(SIGSTOP);
}

void postgres_server::thaw() {
  process_->signal(SIGCONT);
}

std::filesystem::path postgres_server::new_folder(const std::string& name) {
  auto result = folder_.path() / name;
  std::filesystem::create_directory(result);
  give_away(result);
  return result;
}

// -- pgbouncer -------------------------------------------------------------------------------------------------------

pgbouncer::pgbouncer(const postgres_server& behind) : port_(free_port()) {
  give_away(folder_.path());
  auto settings = folder_.path() / "pgbouncer.ini";
  auto users = folder_.path() / "users.txt";
  auto log = folder_.path() / "pgbouncer.log";
  std::ofstream{users} << '"' << user << "\" \"\"\n";
  std::ofstream{settings} << "[databases]\n* = host=127.0.0.1 port=" << behind.port()
                          << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
                          << "\nunix_socket_dir =\nauth_type = trust\nauth_file = " << users.string()
                          << "\npool_mode = transaction\ndefault_pool_size = 3\nmin_pool_size = 3\nserver_round_robin = 1\n"
                             "server_idle_timeout = 2\n";
  process_ = std::make_unique<child_process>(std::vector<std::string>{"/usr/sbin/pgbouncer", settings}, log);
  wait_until_it_answers(behind.url("postgres", port_), log);
}

} // namespace parley::test
