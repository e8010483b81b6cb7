#pragma once
// How a fuzz target cuts its input into reads.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace parley::fuzz {

/// An input's first byte says how the rest comes: below 2 byte by byte, else in pieces smaller than it. So the corpus is
/// readable (a line feed, then a body), and the fuzzer can move the cuts.
struct cut_input {
  std::string_view whole;
  std::vector<std::string_view> pieces;
};

inline cut_input cut(const std::uint8_t* data, std::size_t size) {
  cut_input input;
  if (size == 0)
    return input;
  input.whole = {reinterpret_cast<const char*>(data) + 1, size - 1};
  std::uint32_t state = data[0];
  auto next_size = [&]() -> std::size_t {
    if (data[0] < 2)
      return 1;
    state = state * 1664525 + 1013904223; // Knuth's linear congruential generator
    return (state >> 24) % data[0];       // empty reads too
  };
  for (std::size_t at = 0; at < input.whole.size();) {
    auto piece = input.whole.substr(at, next_size());
    input.pieces.push_back(piece);
    at += piece.size();
  }
  return input;
}

/// Ends the fuzzer with a finding.
inline void expect(bool condition, const char* what) {
  if (condition)
    return;
  std::fprintf(stderr, "expected: %s\n", what);
  std::abort();
}

} // namespace parley::fuzz
