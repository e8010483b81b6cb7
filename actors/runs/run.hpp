#pragma once
// The coordinator of one run: the only writer of its log, and the parent of its model streams. It runs direct, compare and random
// sessions' turns, and requests without a session; three values say what differs (decision 0018).

#include "actors/runs/answer_keeper.hpp"
#include "actors/runs/api.hpp"
#include "actors/runs/run_showing.hpp"
#include "core/prompt.hpp"

namespace parley {

/// One answer to be made.
struct planned_answer {
  /// As it is stored when the run begins: `pending`, with its ids, seat, attempt and model.
  message answer;
  /// The model and its fallbacks, in the order in which they are tried.
  std::vector<std::shared_ptr<const model>> targets;
  /// What they are asked: a session's conversation …
  prompt ask{};
  /// … or what a client of a stateless API sent.
  wire::client_request_ptr given{};
  /// For the estimate of what the prompt took.
  std::size_t prompt_bytes = 0;
  /// What formats call the model that name it in each event: as the client did.
  std::string model_name{};
};

struct run_plan {
  node_context_ptr node;
  home_loop* home = nullptr;
  /// Told of answers that are kept, and of the end. The run ends with its node, so when the owner is shut down.
  run_owner owner;
  run_names names;
  std::vector<planned_answer> answers;

  // The policies.
  /// Where answers are kept before their finishes are shown; nowhere without.
  std::optional<stored_session> keep;
  /// Answers are cancelled when nobody has read for `limits::cancel_grace`.
  bool cancel_on_disconnect = false;
  /// The one client, with whom the run ends; without, it outlives its readers until its log is forgotten.
  std::optional<reader_actor> client;
  run_showing::form show = run_showing::form::as_events;
  /// What was shown can be voided by a restart.
  bool may_restart = true;
};

/// Asks the upstreams at once.
run_actor spawn_run(caf::actor_system& sys, run_plan plan);

} // namespace parley
