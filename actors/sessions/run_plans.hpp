#pragma once
// What a run is made of: whose answers, and what each model is asked for them. Rules only: no actor, no I/O.

#include "actors/runs/replay.hpp"
#include "actors/runs/run.hpp"
#include "actors/sessions/turn_request.hpp"
#include "core/conversation.hpp"

namespace parley {

/// Why no run can begin in a session that has none under way: `too_large`, or a model that is not available.
std::optional<failure> run_refusal(const session& about, const conversation& so_far, const node_context& node);

/// Where a run of a session is to be, and what it is called.
struct run_place {
  node_context_ptr node;
  home_loop* home = nullptr;
  run_owner owner;
  session_id session_key;
  run_id run;
};

/// A run or a replay (`run_plan`, `replay_plan`) whose answers are still to be said.
template <class Plan>
Plan blank_plan(const run_place& at) {
  Plan plan;
  plan.node = at.node;
  plan.home = at.home;
  plan.owner = at.owner;
  plan.names.session_key = at.session_key;
  plan.names.run = at.run;
  return plan;
}

/// The answers of a turn, each with its models and its prompt. `plan` must have its node and run.
void plan_answers(run_plan& plan, const planned_turn& turn, const conversation& so_far, const session& about);

/// The stored answers of a run, to be replayed. `plan` must have its run. Returns the bytes of their text.
std::size_t plan_replay(replay_plan& plan, const conversation& stored);

} // namespace parley
