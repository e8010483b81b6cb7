#pragma once
// Memory that all streams of a thread use in turns, so that a stream with nothing under way holds none.

#include <array>
#include <string>

namespace parley::net {

/// Each is valid during one step of one stream only.
struct shared_buffers {
  /// A read's most.
  static constexpr std::size_t read_bytes = 64 * 1024;

  std::array<char, read_bytes> incoming;
  std::array<char, read_bytes> opened;
  std::string plain;
  std::string sealed;
};

/// The thread's own.
shared_buffers& buffers();

} // namespace parley::net
