#pragma once
// What a client's turn means for a conversation: which messages are new, which is the question, which ids the answers get.
// Rules only: no actor, no I/O.

#include "actors/api.hpp"
#include "core/conversation.hpp"

namespace parley {

struct planned_turn {
  /// Imports before the question, in their order, with parents; empty but in a session's first turn.
  std::vector<message> imports;
  message question;
  /// The question was stored before: `question` is that message.
  bool known = false;
  /// By participant; a fresh id where the client named none.
  std::vector<message_id> answer_ids;
};

/// `invalid_request`, `id_conflict`, or the plan. `wall` stamps new messages.
expected<planned_turn> plan_turn(const start_turn& wanted, const conversation& so_far, const session& about, unix_ms wall);

} // namespace parley
