#pragma once
// Answers as they stand on a terminal: side by side where it is wide enough, else one after the other. A value: events go in,
// lines come out; what writes them is `screen`.
//
// What stands above the lowest growing line never changes, and is handed out once, to be left to the terminal's own scrolling
// (`take_settled`). What is below it is drawn anew again and again (`live`). After a change of the width all that wasn't handed
// out yet is laid out anew.

#include "commands/chat/text.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace parley::commands::chat {

/// A line of the screen: what stands in each of its columns.
struct row {
  std::vector<letters> cells;
  /// Of each column, without the separator.
  std::size_t column_width = 0;
};

/// Where a line of wrapped text begins and ends.
struct text_line {
  std::size_t begin = 0;
  /// Without the blanks that the break took the place of.
  std::size_t end = 0;
  /// Where the next one begins.
  std::size_t next = 0;
};

/// The line that begins at `from`, at most that wide: broken between words, between wide characters (which scripts without
/// blanks are made of), or where it must be; never before a combining character, nor after a joiner.
text_line next_line(const letters& text, std::size_t from, std::size_t width);

/// One answer.
class column {
public:
  explicit column(std::string name) : name_(std::move(name)) {}

  void add_text(std::string_view text);
  void add_reasoning(std::string_view text);
  /// On lines of its own.
  void add_note(std::string_view text, tone look);
  /// All that came so far is void. What was handed out stays on the screen: a note says that it begins again.
  void restart();
  void finish() { finished_ = true; }

  const std::string& name() const { return name_; }
  bool finished() const { return finished_; }
  /// Everything is handed out.
  bool exhausted() const { return finished_ && next_ == text_.size(); }
  /// Letters so far, for who cannot see them yet.
  std::size_t size() const { return text_.size(); }

  /// What isn't handed out yet.
  std::vector<text_line> lines(std::size_t width) const;
  letters cell(const text_line& line) const;
  void hand_out(const text_line& line);

private:
  enum class part : std::uint8_t { nothing, reasoning, text, note };

  void begin(part next);
  void put(std::u32string_view text, tone look);
  tone look_of(char32_t code);

  std::string name_;
  letters text_;
  /// The first letter that isn't handed out.
  std::size_t next_ = 0;
  bool finished_ = false;
  part part_ = part::nothing;
  /// The beginning of the text's current line, to know a heading or a fence.
  std::u32string line_start_;
  bool in_code_ = false;
};

class columns {
public:
  explicit columns(std::vector<std::string> names);

  column& operator[](std::size_t seat) { return all_[seat]; }
  std::size_t size() const { return all_.size(); }

  /// Rows that never change any more. The names of the columns precede them, and come again when others are shown.
  std::vector<row> take_settled(std::size_t screen_width);

  /// What comes below them for now, at most that many rows: where an answer has more lines than that, its newest.
  std::vector<row> live(std::size_t screen_width, std::size_t height) const;

private:
  /// The columns that are shown now.
  std::vector<std::size_t> shown(std::size_t screen_width) const;

  std::vector<column> all_;
  /// Whose names were handed out last.
  std::vector<std::size_t> headed_;
};

/// Without blanks at its end.
std::string to_text(const row& what);

/// The same with escape sequences: each column begins exactly at its place, and with `colours` the letters have their looks.
std::string to_terminal(const row& what, bool colours);

/// How wide it is on the terminal.
std::size_t width_of(const row& what);

} // namespace parley::commands::chat
