#pragma once
// A run whose log is gone, replayed from the stored answers (`actors/runs/replayed_answer`). A log without a coordinator: it asks
// nobody, has no clock and stores nothing.

#include "actors/runs/api.hpp"

namespace parley {

struct replay_plan {
  node_context_ptr node;
  home_loop* home = nullptr;
  /// With its end the log is forgotten.
  run_owner owner;
  run_names names;
  /// The run's answers as they are stored.
  std::vector<message> answers;
};

log_actor spawn_replay(caf::actor_system& sys, replay_plan plan);

} // namespace parley
