#pragma once
// `parley serve`, `parley chat`, `parley check-config`, `parley copy`, … and `parley --version`.

#include "config/settings.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace parley::config {

enum class command : std::uint8_t {
  serve,
  check_config,
  migrate,
  /// Has `to`.
  backup,
  /// Has `from` and `to`, and no configuration.
  copy,
  /// Has `chat`, and no configuration.
  chat,
  /// Say `text` and end: a help text, the version, or what is wrong with the command line.
  say,
};

struct chat_options {
  std::string server = "http://127.0.0.1:8080";
  /// Several are compared. Empty: the first that is available.
  std::vector<std::string> models;
  /// The session to go on with, or empty.
  std::string session;
  bool list = false;
  std::vector<std::string> question;
};

struct command_line {
  command what = command::say;
  /// Empty: the built-in file.
  std::string config_file;
  std::vector<override_value> overrides;

  /// Stores, or files.
  std::string from;
  std::string to;

  chat_options chat;

  // for `say`
  std::string text;
  /// The process's exit status; 0 if `text` is what was asked for.
  int status = 0;
};

/// `arguments` without the program's name.
command_line parse_command_line(std::vector<std::string> arguments, std::string_view version);

/// Reads the file (or takes the built-in one) and puts all sources together.
expected<loaded_settings> load_settings(const command_line& from);

} // namespace parley::config
