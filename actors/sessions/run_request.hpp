#pragma once
// What a request for a run comes to: a new turn, another attempt, or reading along. Rules only: no actor, no I/O.

#include "actors/sessions/run_plans.hpp"
#include "actors/sessions/session_now.hpp"

#include <variant>

namespace parley {

struct new_run {
  planned_turn turn;
  bool cancel_on_disconnect = false;
  ask by{};
};

/// Its log is read after `from`, or a replay of what is stored of it.
struct read_run {
  run_id run;
  std::uint64_t from = 0;
};

/// The run under way is what was asked for. Its messages are not stored yet: the answer waits for that.
struct await_commit {};

/// The stored state must be known first. Then the request is decided anew.
struct reload_first {};

using run_decision = std::variant<new_run, read_run, await_commit, reload_first>;

/// `not_found`, `invalid_request`, `id_conflict`, `turn_in_progress`, `too_large`, or the decision.
expected<run_decision> decide(const start_turn& wanted, const session_now& now);

/// `not_found`, `invalid_request`, `turn_in_progress`, `not_last_turn`, `too_large`, or the decision.
expected<run_decision> decide(const regenerate_answer& wanted, const session_now& now);

/// `not_found`, or the decision.
expected<run_decision> decide(const attach_to_run& wanted, const session_now& now);

/// What the coordinator of that run is given.
run_plan plan_run(const new_run& wanted, const run_place& at, const session_record& record, persistence_actor store);

} // namespace parley
