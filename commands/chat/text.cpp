#include "commands/chat/text.hpp"

#include "core/text.hpp"

#include <algorithm>
#include <clocale>
#include <cstring>
#include <cwchar>
#include <langinfo.h>

namespace parley::commands::chat {

namespace {

constexpr char32_t replacement = 0xfffd;

/// Unicode's Bidi_Control: with them, text could be made to look as if it stood in the other column.
bool turns_direction(char32_t code) {
  return code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e)
         || (code >= 0x2066 && code <= 0x2069);
}

/// The next character of well-formed UTF-8.
char32_t take_character(std::string_view& text) {
  auto lead = static_cast<unsigned char>(text.front());
  std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  auto code = static_cast<char32_t>(size == 1 ? lead : lead & (0x7f >> size));
  for (std::size_t i = 1; i < size; ++i)
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  text.remove_prefix(size);
  return code;
}

} // namespace

std::u32string harmless(std::string_view utf8) {
  auto clean = to_clean_text(utf8);
  std::u32string result;
  result.reserve(clean.size());
  for (std::string_view rest = clean; !rest.empty();) {
    auto code = take_character(rest);
    if (code == '\r' || turns_direction(code))
      continue;
    if (code == 0x2028 || code == 0x2029) // line and paragraph separator
      code = '\n';
    else if (code == 0x7f)
      code = 0x2421; // ␡
    else if (code < 0x20 && code != '\n' && code != '\t')
      code += 0x2400; // ␀, ␁, …: Unicode's control pictures stand in the order of the controls
    else if (code >= 0x80 && code < 0xa0)
      code = replacement;
    result += code;
  }
  return result;
}

std::string harmless_text(std::string_view utf8) {
  std::string result;
  for (auto code : harmless(utf8))
    append_utf8(result, code);
  return result;
}

int width_of(char32_t code) {
  // Negative for what the C library doesn't know: terminals show something for it, mostly of one column.
  auto width = ::wcwidth(static_cast<wchar_t>(code));
  return width < 0 ? 1 : width;
}

void append_utf8(std::string& out, char32_t code) {
  auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

void use_utf8() {
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
    std::setlocale(LC_CTYPE, "C.UTF-8");
}

} // namespace parley::commands::chat
