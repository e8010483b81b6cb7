#include "actors/sessions/current_run.hpp"

namespace parley {

run_opened current_run::opened_in(session_id session_key) const {
  return {{session_key, ids.turn, ids.run, question.id}, log, answers, 0};
}

failure current_run::in_progress() const {
  return {ec::turn_in_progress,
          "The session is answering turn " + to_string(ids.turn) + "; read along from cursor " + wire::to_cursor(ids.run, 0)
            + ", or stop it.",
          {}};
}

std::optional<stop_answers> current_run::stop_of(const message& named) const {
  if (named.role == message_role::user && named.turn == ids.turn)
    return stop_answers{{}, finish_reason::cancelled};
  if (named.role != message_role::user && named.run == ids.run)
    return stop_answers{{named.seat.value_or(0)}, finish_reason::cancelled};
  return std::nullopt;
}

} // namespace parley
