#pragma once
// The run that a session has under way, as the session sees it: who waits for it to be committed, and what is said of it.

#include "actors/sessions/run_plans.hpp"

#include <caf/typed_response_promise.hpp>

#include <utility>

namespace parley {

/// Answers all who wait: `answer` is their reply, or an error.
template <class Reply, class Answer>
void answer_all(std::vector<caf::typed_response_promise<Reply>>& waiting, const Answer& answer) {
  for (auto& promise : std::exchange(waiting, {}))
    promise.deliver(answer);
}

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
  /// Who asked for it first, for the log.
  ask by{};

  run_opened opened_in(session_id session_key) const;

  /// What another turn is told meanwhile.
  failure in_progress() const;

  /// Stops `named`, an answer, or by a user's message its whole turn. Nothing if this run has no part in it.
  std::optional<stop_answers> stop_of(const message& named) const;
};

/// The run of `plan`, which answers `turn`, before it has a log.
current_run begun_run(const planned_turn& turn, const run_plan& plan, const ask& by);

/// What is stored when that run begins, in its order: imports, the question unless it is known, and the answers.
std::vector<message> first_messages(const planned_turn& turn, const run_plan& plan);

/// Of a run's messages, and of its question, which may have been stored before.
std::vector<message_id> ids_of(const message& question, const std::vector<message>& first);

} // namespace parley
