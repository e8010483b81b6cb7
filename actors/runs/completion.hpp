#pragma once
// The coordinator of a run without a session: as `compare`, but nothing is stored, nobody replays it, and it ends with the one
// connection that asked.

#include "actors/runs/api.hpp"

namespace parley {

/// How the run's answers are wanted: as a whole, once all have ended. The failure of the first if none succeeded.
struct await_answers {};

using completion_actor = run_actor::extend<caf::replies_to<await_answers>::with<completed_run>>;

/// `open_log` is answered when there is something to read. `owner` is told when the answers have ended.
completion_actor spawn_completion(caf::actor_system& sys, node_context_ptr node, completions_actor owner, run_id run,
                                  completion_plan plan, bool streams);

} // namespace parley

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::await_answers)
