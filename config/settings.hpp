#pragma once
// What the server runs with. Read once at start from the file, then `PARLEY_*`, then flags; constant afterwards. What each
// option means, its unit and its reason stand in `config/parley.toml`.

#include "config/toml_file.hpp"
#include "core/limits.hpp"
#include "core/model.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::config {

using namespace std::chrono_literals;

struct server_settings {
  std::string listen = "127.0.0.1:8080";
  bool allow_remote = false;
  std::string data_dir = "data";
  int threads = 0;
  std::chrono::milliseconds shutdown_grace = 8s;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;
  bool builtin_models = true;
};

struct store_settings {
  std::string url;
  int readers = 4;
  bool migrate = true;
  std::chrono::milliseconds connect_patience = 60s;
  std::chrono::milliseconds retention{0};
  std::size_t spool_bytes = 256 * 1024 * 1024;
};

struct log_settings {
  std::string level = "info";
  std::string format = "text";
};

struct tls_settings {
  std::string certificate;
  std::string key;
};

struct http_settings {
  int max_connections = 0;
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 1024 * 1024;
  std::chrono::milliseconds header_timeout = 10s;
  std::chrono::milliseconds body_timeout = 30s;
  std::chrono::milliseconds idle_timeout = 75s;
  std::chrono::milliseconds write_timeout = 30s;
};

struct websocket_settings {
  std::size_t max_message_bytes = 64 * 1024;
  int max_messages_per_second = 50;
  std::chrono::milliseconds ping_interval = 20s;
  std::chrono::milliseconds pong_timeout = 20s;
  std::chrono::milliseconds close_timeout = 2s;
  bool deflate = false;
};

/// An address of this machine in numbers, and a port; 0 lets the system choose.
struct endpoint {
  std::string address;
  std::uint16_t port = 0;

  friend bool operator==(const endpoint&, const endpoint&) = default;
};

struct settings {
  server_settings server;
  store_settings store;
  log_settings log;
  tls_settings tls;
  http_settings http;
  websocket_settings websocket;
  limits bounds;

  // made from the above and from [[providers]] and [[models]]
  endpoint address;
  catalogue models;
};

/// All options of the sections, in the file's order, with their places in `where`.
std::vector<option> options_of(settings& where);

/// A value from the command line.
struct override_value {
  /// As the user wrote it, for messages: `--listen`.
  std::string flag;
  /// The option: `server.listen`.
  std::string option;
  std::string text;
};

struct settings_source {
  /// TOML, and its name for messages.
  std::string text;
  std::string name;
  config::environment environment;
  std::vector<override_value> overrides;
};

struct loaded_settings {
  settings values;
  /// Sentences for whoever starts the server: nothing that keeps it from running.
  std::vector<std::string> warnings;
};

/// All that is wrong, one line each, beginning with `<file>:<line>:` or the name of the flag or variable.
expected<loaded_settings> load_settings(const settings_source& from);

/// The text of `config/parley.toml` as it was when this binary was built: what is in force without a file.
std::string_view builtin_file();

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`. Loopback only unless `allow_remote`, while the server can't tell its users
/// apart.
expected<endpoint> parse_endpoint(std::string_view text, bool allow_remote = false);

/// Most client connections if each streams: a direct stream takes two of the process's files, the upstream's being the
/// second, and some are kept for the store, the listener and compare's additional upstreams.
int default_max_connections(std::size_t open_files);

/// What is in force, for people: every option, then providers and models. No secrets.
std::string summary(const settings& values);

} // namespace parley::config
