#pragma once
// The run that a session has under way, as the session sees it: who waits for it to be committed, and what is said of it.

#include "actors/sessions/api.hpp"

#include <caf/typed_response_promise.hpp>

namespace parley {

struct current_run {
  running_turn ids;
  message question;
  std::vector<seat_message> answers;
  run_actor log;
  /// Its messages are stored. Until then nobody gets to see it: who asks waits in `waiting`.
  bool committed = false;
  /// The session's title before this run's question gave it one.
  std::string title_before;
  std::vector<caf::typed_response_promise<run_opened>> waiting;

  /// `answer` is a `run_opened`, or an error.
  template <class Answer>
  void answer_waiting(const Answer& answer) {
    for (auto& promise : std::exchange(waiting, {}))
      promise.deliver(answer);
  }

  run_opened opened_in(session_id session_key) const;

  /// What another turn is told meanwhile.
  failure in_progress() const;

  /// Stops `named`, an answer, or by a user's message its whole turn. Nothing if this run has no part in it.
  std::optional<stop_answers> stop_of(const message& named) const;
};

} // namespace parley
