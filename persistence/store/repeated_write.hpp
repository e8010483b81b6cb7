#pragma once
// When a write is one that was carried out before: every write is safe to repeat.

#include "core/message.hpp"

namespace parley::persistence {

/// True if `sent` is what an earlier, equal request stored. What an answer's course changes is not compared.
inline bool is_repeat(const message& stored, const message& sent) {
  return stored.session == sent.session && stored.turn == sent.turn && stored.parent == sent.parent && stored.role == sent.role
         && stored.seat == sent.seat && stored.attempt == sent.attempt && stored.run == sent.run
         && (sent.run || stored.content == sent.content);
}

} // namespace parley::persistence
