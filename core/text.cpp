#include "core/text.hpp"

#include <cstdint>
#include <cstring>

namespace parley {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct sequence {
  /// Bytes of the character, or of the maximal ill-formed part.
  std::size_t length;
  bool valid;
};

/// Reads one non-ASCII character at `at`: Unicode 15, table 3-7.
sequence read_sequence(std::string_view bytes, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  auto lead = byte(at);
  std::size_t want = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    want = 1;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    want = 2;
    if (lead == 0xE0)
      low = 0xA0;
    else if (lead == 0xED)
      high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    want = 3;
    if (lead == 0xF0)
      low = 0x90;
    else if (lead == 0xF4)
      high = 0x8F;
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i <= want; ++i) {
    if (at + i >= bytes.size() || byte(at + i) < low || byte(at + i) > high)
      return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {want + 1, true};
}

// Eight bytes looked at in one word: Anderson, "Bit Twiddling Hacks", "Determine if a word has a byte less than n".
constexpr std::uint64_t ones = 0x0101010101010101ULL;
constexpr std::uint64_t highs = 0x8080808080808080ULL;

std::uint64_t eight_bytes(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  return word;
}

/// Not 0 if one of the bytes is below `limit`, which is at most 128.
constexpr std::uint64_t any_below(std::uint64_t word, std::uint8_t limit) {
  return (word - ones * limit) & ~word & highs;
}

/// Not 0 if one of the bytes is `byte`.
constexpr std::uint64_t any_equal(std::uint64_t word, char byte) {
  return any_below(word ^ (ones * static_cast<std::uint8_t>(byte)), 1);
}

/// ASCII without NUL.
bool eight_plain_bytes(const char* at) {
  auto word = eight_bytes(at);
  return ((word & highs) | any_below(word, 1)) == 0;
}

constexpr bool is_escaped_in_json(char c) {
  return static_cast<std::uint8_t>(c) < 0x20 || c == '"' || c == '\\';
}

/// How many bytes from `at` on JSON leaves as they are.
std::size_t plain_in_json(std::string_view text, std::size_t at) {
  auto begin = at;
  for (; at + 8 <= text.size(); at += 8) {
    auto word = eight_bytes(text.data() + at);
    if ((any_below(word, 0x20) | any_equal(word, '"') | any_equal(word, '\\')) != 0)
      break;
  }
  while (at < text.size() && !is_escaped_in_json(text[at]))
    ++at;
  return at - begin;
}

int hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size())
    return -1;
  int value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    char c = text[at + i];
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (digit < 0)
      return -1;
    value = value << 4 | digit;
  }
  return value;
}

bool is_high_surrogate(int unit) {
  return unit >= 0xD800 && unit <= 0xDBFF;
}

bool is_low_surrogate(int unit) {
  return unit >= 0xDC00 && unit <= 0xDFFF;
}

/// The first `\u` escape from `at` on that stands for no character of a text: NUL, or half of a surrogate pair.
std::size_t find_wrong_escape(std::string_view json, std::size_t at) {
  while ((at = json.find('\\', at)) != std::string_view::npos) {
    if (at + 1 >= json.size() || json[at + 1] != 'u') {
      at += 2; // an escaped backslash begins no other escape
      continue;
    }
    auto unit = hex4(json, at + 2);
    if (is_high_surrogate(unit) && json.substr(at + 6, 2) == "\\u" && is_low_surrogate(hex4(json, at + 8)))
      at += 12;
    else if (unit == 0 || is_high_surrogate(unit) || is_low_surrogate(unit))
      return at;
    else
      at += 6;
  }
  return at;
}

} // namespace

bool is_clean_text(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (at + 8 <= bytes.size() && eight_plain_bytes(bytes.data() + at)) {
      at += 8;
    } else if (auto byte = static_cast<std::uint8_t>(bytes[at]); byte < 0x80) {
      if (byte == 0)
        return false;
      ++at;
    } else {
      auto [length, valid] = read_sequence(bytes, at);
      if (!valid)
        return false;
      at += length;
    }
  }
  return true;
}

std::string to_clean_text(std::string_view bytes) {
  if (is_clean_text(bytes))
    return std::string{bytes};
  std::string out;
  out.reserve(bytes.size() + 16);
  std::size_t at = 0;
  while (at < bytes.size()) {
    auto byte = static_cast<std::uint8_t>(bytes[at]);
    if (byte < 0x80) {
      if (byte == 0)
        out += replacement;
      else
        out += bytes[at];
      ++at;
      continue;
    }
    auto [length, valid] = read_sequence(bytes, at);
    out += valid ? bytes.substr(at, length) : replacement;
    at += length;
  }
  return out;
}

bool repair_json_text(std::string_view json, std::string& out) {
  if (is_clean_text(json) && find_wrong_escape(json, 0) == std::string_view::npos)
    return false;
  out = to_clean_text(json);
  for (auto at = find_wrong_escape(out, 0); at != std::string::npos; at = find_wrong_escape(out, at + 6))
    out.replace(at + 2, 4, "fffd");
  return true;
}

bool is_plain_in_json(std::string_view text) {
  return plain_in_json(text, 0) == text.size();
}

void append_json_escaped(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    auto plain = plain_in_json(text, at);
    out.append(text, at, plain);
    at += plain;
    if (at == text.size())
      return;
    auto byte = static_cast<std::uint8_t>(text[at++]);
    switch (byte) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    default: {
      static constexpr char digits[] = "0123456789abcdef";
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 0xf];
    }
    }
  }
}

std::string title_of(std::string_view text, std::size_t max_chars) {
  std::string title;
  std::size_t chars = 0;
  bool gap = false;
  for (std::size_t at = 0; at < text.size();) {
    auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte <= 0x20) {
      gap = !title.empty();
      ++at;
      continue;
    }
    if (chars + (gap ? 1U : 0U) >= max_chars)
      return title + "…";
    if (gap) {
      title += ' ';
      ++chars;
      gap = false;
    }
    auto length = byte < 0x80 ? 1 : read_sequence(text, at).length;
    title += text.substr(at, length);
    at += length;
    ++chars;
  }
  return title;
}

} // namespace parley
