#pragma once
// One answer being generated: asks the upstream, decodes, keeps the four clocks, and tries again or elsewhere while nothing
// came yet. Tells its run's coordinator in batches: one message for each read.

#include "actors/runs/api.hpp"
#include "core/prompt.hpp"

namespace parley {

/// Ends by itself when its coordinator ends.
using model_stream_actor = caf::typed_actor<caf::reacts_to<alarm_tick>>;

struct model_stream_plan {
  home_loop* home = nullptr;
  run_actor coordinator;
  /// Takes what has come, in order: a call on the home loop.
  std::function<void(answer_progress&)> tell;
  participant who = 0;
  /// The model and its fallbacks, in the order they are tried; at least one.
  std::vector<std::shared_ptr<const model>> targets;
  prompt ask;
  /// Asked instead, for a client of a stateless API.
  wire::client_request_ptr given{};
  /// What was told can't be taken back: a model's `restart_on_failure` doesn't count.
  bool may_restart = true;
  /// For lines of the log.
  log_ids about{};
};

model_stream_actor spawn_model_stream(caf::actor_system& sys, model_stream_plan plan);

} // namespace parley
