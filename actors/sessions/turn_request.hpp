#pragma once
// What a client's turn means for a conversation: which messages are new, which is the question, which answers are to be made.
// Rules only: no actor, no I/O.

#include "actors/sessions/api.hpp"
#include "core/conversation.hpp"

namespace parley {

struct planned_turn {
  message question;
  /// The question was stored before: `question` is that message.
  bool known = false;
  /// New messages before the answers, in their order, with parents: imports (in a session's first turn only), and the question
  /// unless it is known.
  std::vector<message> added;
  /// The answers to be made, by participant: `pending`, of no run yet. With a fresh id where the client named none.
  std::vector<message> answers;
  /// What the session is called with this turn: an untitled one is named for its first user message.
  std::string title;
};

/// The message that a turn asks, the last that a user wrote; null if there is none.
const incoming_message* question_of(const start_turn& wanted);

/// `invalid_request`, `id_conflict`, or the plan. `wall` stamps new messages.
expected<planned_turn> plan_turn(const start_turn& wanted, const conversation& so_far, const session& about, unix_ms wall);

/// The next attempt beside `answer`: `not_found`, `invalid_request`, or the plan.
expected<planned_turn> plan_another_attempt(message_id answer, const conversation& so_far, const session& about, unix_ms wall);

} // namespace parley
