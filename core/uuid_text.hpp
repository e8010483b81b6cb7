#pragma once
// A UUID's 36 characters, written where they are to be: for who puts ids into each event of a stream.

#include <array>
#include <cstdint>

namespace parley {

/// Canonical form, lower case. Returns the end of what it wrote.
inline char* write_uuid(char* out, const std::array<std::uint8_t, 16>& bytes) {
  static constexpr auto hex = [] {
    constexpr char digits[] = "0123456789abcdef";
    std::array<std::array<char, 2>, 256> table{};
    for (std::size_t byte = 0; byte < 256; ++byte)
      table[byte] = {digits[byte >> 4], digits[byte & 0xf]};
    return table;
  }();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      *out++ = '-';
    *out++ = hex[bytes[i]][0];
    *out++ = hex[bytes[i]][1];
  }
  return out;
}

} // namespace parley
