#pragma once
// Identifiers. All of them are UUIDs, made by us as version 7 (RFC 9562, section 5.7): time-ordered, so that
// sorting by id sorts by creation, also in a database's index.

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace parley {

/// 16 bytes in network order. The tag keeps a session's id from being taken for a message's.
template <class Tag>
struct basic_id {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const basic_id&, const basic_id&) = default;

  /// The nil UUID stands for "none".
  explicit operator bool() const { return bytes != std::array<std::uint8_t, 16>{}; }
};

using session_id = basic_id<struct session_tag>;
using message_id = basic_id<struct message_tag>;
using turn_id = basic_id<struct turn_tag>;
using run_id = basic_id<struct run_tag>;
using vote_id = basic_id<struct vote_tag>;

/// The 16 bytes of a fresh UUIDv7. Rises strictly within the process. Any thread.
std::array<std::uint8_t, 16> new_uuid();

/// Canonical form, lower case: `0190b6f0-7c1e-7d5a-9f3e-0123456789ab`.
std::string uuid_to_string(const std::array<std::uint8_t, 16>& bytes);

/// Reads the canonical form in either case; nothing for anything else, and for the nil UUID.
std::optional<std::array<std::uint8_t, 16>> parse_uuid(std::string_view text);

template <class Id>
Id new_id() {
  return Id{new_uuid()};
}

template <class Tag>
std::string to_string(const basic_id<Tag>& id) {
  return uuid_to_string(id.bytes);
}

template <class Id>
std::optional<Id> parse_id(std::string_view text) {
  if (auto bytes = parse_uuid(text))
    return Id{*bytes};
  return std::nullopt;
}

} // namespace parley

template <class Tag>
struct std::hash<parley::basic_id<Tag>> {
  std::size_t operator()(const parley::basic_id<Tag>& id) const noexcept {
    // The last eight bytes are random in a UUIDv7; a client's own id is hashed whole all the same.
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    std::memcpy(&head, id.bytes.data(), 8);
    std::memcpy(&tail, id.bytes.data() + 8, 8);
    return std::hash<std::uint64_t>{}(tail ^ (head * 0x9e3779b97f4a7c15ULL));
  }
};
