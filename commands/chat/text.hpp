#pragma once
// Text from outside as a terminal may show it: letters with their widths, none of which can drive the terminal.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::commands::chat {

/// How a letter looks, where there are colours.
enum class tone : std::uint8_t { plain, dim, strong, code, trouble };

struct letter {
  char32_t code = 0;
  /// Columns on a terminal: 0 (what is put onto the letter before it), 1 or 2; a line's end has 0.
  std::uint8_t width = 0;
  tone look = tone::plain;

  friend bool operator==(const letter&, const letter&) = default;
};

using letters = std::vector<letter>;

/// Line ends and tabs stay. Other control characters (ESC is one: every sequence begins with it or with a C1 control) become
/// visible ones, CR and what turns the direction of writing go, and so do the bytes of ill-formed UTF-8: U+FFFD.
std::u32string harmless(std::string_view utf8);

/// The same as UTF-8.
std::string harmless_text(std::string_view utf8);

/// Columns that a terminal gives a character, by wcwidth(3): East Asian wide characters and emoji take two, combining ones
/// none. For a harmless one, and after `use_utf8()`.
int width_of(char32_t code);

void append_utf8(std::string& out, char32_t code);

/// For wcwidth(3) and the line editor: takes the environment's locale, or C.UTF-8 if that is none of UTF-8.
void use_utf8();

} // namespace parley::commands::chat
