#pragma once
// The lower end of a terminal: rows that stay, and below them rows that are drawn anew.

#include "commands/chat/columns.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace parley::commands::chat {

struct screen_size {
  std::size_t width = 80;
  std::size_t height = 24;
};

/// True if standard input and output are a terminal that can be drawn on.
bool is_interactive();

/// Colours are wanted: the terminal is one, and NO_COLOR (no-color.org) isn't set.
bool wants_colours();

screen_size size_of_terminal();

/// Writes all of it to standard output, or as much as is taken.
void write_out(std::string_view text);

/// While it lives, keys don't show and don't stop the program (Ctrl-C does its work), and the cursor is hidden.
class quiet_keys {
public:
  quiet_keys();
  ~quiet_keys();
  quiet_keys(const quiet_keys&) = delete;
  quiet_keys& operator=(const quiet_keys&) = delete;

private:
  struct settings;
  /// As they were.
  std::unique_ptr<settings> saved_;
};

class screen {
public:
  explicit screen(bool colours) : colours_(colours) {}

  /// Writes `settled` above, and replaces what was live. Afterwards the cursor is behind the last live row, or, if there is
  /// none, at the beginning of an empty line.
  void draw(const std::vector<row>& settled, const std::vector<row>& live);

private:
  bool colours_;
  /// The widths of the live rows that stand there: when the terminal has become narrower, it has broken the longer ones.
  std::vector<std::size_t> standing_;
};

} // namespace parley::commands::chat
