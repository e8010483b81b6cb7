#pragma once
// The ways in which a network may cut bytes into reads.

#include <string_view>
#include <vector>

namespace parley::wire {

inline std::vector<std::string_view> byte_by_byte(std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    pieces.push_back(bytes.substr(at, 1));
  return pieces;
}

/// Calls `visit(pieces)` for byte by byte, with empty reads between, and for two pieces cut at every offset.
template <class Visit>
void for_each_split(std::string_view bytes, Visit visit) {
  visit(byte_by_byte(bytes));
  std::vector<std::string_view> with_empty_reads;
  for (auto piece : byte_by_byte(bytes)) {
    with_empty_reads.push_back(piece);
    with_empty_reads.push_back({});
  }
  visit(with_empty_reads);
  for (std::size_t at = 0; at <= bytes.size(); ++at)
    visit(std::vector{bytes.substr(0, at), bytes.substr(at)});
}

} // namespace parley::wire
