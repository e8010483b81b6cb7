#pragma once
// An answer that comes out of a spool: what it may find in the store, and what it becomes.

#include "core/message.hpp"

#include <cstring>

namespace parley::persistence {

/// True if the answer's final state is stored already, by an earlier try of which nobody heard.
inline bool same_outcome(const message& stored, const message& spooled) {
  return stored.status == spooled.status && stored.finish == spooled.finish && stored.content == spooled.content
         && stored.reasoning == spooled.reasoning && stored.tool_calls == spooled.tool_calls;
}

/// The id of the attempt that an answer becomes whose message has got another final state meanwhile. Follows from the
/// message's id, so that the answer becomes one attempt however often it is tried: its time stays, its random half is mixed
/// (splitmix64's finish, which maps no two to one).
inline message_id sibling_of(message_id id) {
  std::uint64_t half = 0;
  std::memcpy(&half, id.bytes.data() + 8, 8);
  half = (half ^ (half >> 30)) * 0xbf58476d1ce4e5b9ULL;
  half = (half ^ (half >> 27)) * 0x94d049bb133111ebULL;
  half ^= half >> 31;
  std::memcpy(id.bytes.data() + 8, &half, 8);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80); // the variant of RFC 9562
  return id;
}

/// The answer as an attempt of its own.
inline message as_sibling(message spooled, int attempt) {
  spooled.id = sibling_of(spooled.id);
  spooled.attempt = attempt;
  spooled.recovered = true;
  return spooled;
}

} // namespace parley::persistence
