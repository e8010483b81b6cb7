#pragma once
// The text that the fast upstream streams and the load generator checks. Each chunk is 40 characters:
//
//   ~<16 hex digits: nanoseconds on the monotonic clock><6 hex digits: number><16 characters of words and a blank>
//
// and the last one is `#<16 hex digits: FNV-1a of all text before it>`. None of it needs escaping in JSON.

#include <cstdint>
#include <cstring>
#include <ctime>
#include <string_view>

namespace parley::bench {

constexpr std::size_t stamp_digits = 16;
constexpr std::size_t number_digits = 6;
constexpr std::size_t chunk_chars = 40;
constexpr std::size_t last_chars = 1 + stamp_digits;

inline std::uint64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000ULL + static_cast<std::uint64_t>(time.tv_nsec);
}

constexpr std::uint64_t hash_seed = 0xcbf29ce484222325ULL;

inline std::uint64_t hash_more(std::uint64_t hash, std::string_view text) {
  for (unsigned char c : text)
    hash = (hash ^ c) * 0x100000001b3ULL;
  return hash;
}

inline void write_hex(char* to, std::uint64_t value, std::size_t digits) {
  for (std::size_t i = digits; i-- > 0; value >>= 4)
    to[i] = "0123456789abcdef"[value & 15];
}

inline std::uint64_t read_hex(const char* from, std::size_t digits) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < digits; ++i)
    value = value << 4 | static_cast<std::uint64_t>(from[i] <= '9' ? from[i] - '0' : from[i] - 'a' + 10);
  return value;
}

/// Writes one chunk, `chunk_chars` long.
inline void write_chunk(char* to, std::uint64_t now, std::uint64_t number) {
  to[0] = '~';
  write_hex(to + 1, now, stamp_digits);
  write_hex(to + 1 + stamp_digits, number, number_digits);
  std::memcpy(to + 1 + stamp_digits + number_digits, " swift brown fox ", chunk_chars - 1 - stamp_digits - number_digits);
}

} // namespace parley::bench
