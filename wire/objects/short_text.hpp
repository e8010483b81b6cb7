#pragma once
// What stands before each event, put together from a dozen short pieces: on the stack, for a string would make sure of its room a
// dozen times.

#include "core/ids.hpp"
#include "core/uuid_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace parley::wire {

/// At most `size` characters; what is more is left out.
template <std::size_t size>
class short_text {
public:
  short_text& operator<<(std::string_view piece) {
    at_ = std::copy_n(piece.data(), std::min(piece.size(), room()), at_);
    return *this;
  }

  short_text& operator<<(char c) { return *this << std::string_view{&c, 1}; }

  short_text& operator<<(std::uint64_t number) {
    at_ = std::to_chars(at_, at_ + room(), number).ptr;
    return *this;
  }

  template <class Tag>
  short_text& operator<<(const basic_id<Tag>& id) {
    if (room() >= 36)
      at_ = write_uuid(at_, id.bytes);
    return *this;
  }

  std::string_view view() const { return {buffer_.data(), static_cast<std::size_t>(at_ - buffer_.data())}; }

private:
  std::size_t room() const { return static_cast<std::size_t>(buffer_.data() + size - at_); }

  std::array<char, size> buffer_;
  char* at_ = buffer_.data();
};

} // namespace parley::wire
