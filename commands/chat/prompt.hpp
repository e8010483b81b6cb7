#pragma once
// The line that a person writes: edited with libedit, its history kept in a file. Pasted text may have many lines.

#include "commands/chat/interrupts.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace parley::commands::chat {

struct written_line {
  enum class how : std::uint8_t {
    sent,
    /// Ctrl-C
    interrupted,
    /// Ctrl-D on an empty line, or the terminal is gone.
    ended,
  };
  how what = how::ended;
  std::string text;
};

class prompt {
public:
  /// `history`: read now, written with each line; empty for none.
  prompt(interrupts& keys, std::filesystem::path history, bool colours);
  ~prompt();

  /// A backslash at a line's end lets the text go on in another one. The text is what was typed, whatever bytes that are.
  written_line read();

private:
  struct editor;
  std::unique_ptr<editor> editor_;
};

/// `$XDG_STATE_HOME/parley/chat_history`, its folder made for the user alone; empty if there is no place for it.
std::filesystem::path history_file();

} // namespace parley::commands::chat
