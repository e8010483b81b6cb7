#pragma once
// The coordinator of one run: the only writer of its log, parent of its model streams, and server of its readers. Direct
// mode is a run with one participant.

#include "actors/runs/api.hpp"

namespace parley {

/// One answer to be made.
struct seat_plan {
  participant who = 0;
  /// The answer as it is stored when the run begins: `pending`, with its ids, attempt and model.
  message answer;
  /// The model and its fallbacks.
  std::vector<std::shared_ptr<const model>> targets;
  prompt ask;
};

struct run_plan {
  node_context_ptr node;
  home_loop* home = nullptr;
  run_owner owner;
  persistence_actor store;
  session_id session_key;
  epoch held = 0;
  turn_id turn;
  run_id run;
  message_id user;
  std::vector<seat_plan> seats;
  bool cancel_on_disconnect = false;
};

/// Asks the upstreams at once; whoever may see the answers attaches a reader.
run_actor spawn_compare(caf::actor_system& sys, run_plan plan);

/// A run whose log is gone, told again from the stored answers: for each a `restart`, its reasoning, text and tool calls as
/// one event each, then its finish. Asks and stores nothing. Of `plan`, the seats need only their answers.
run_actor spawn_replay(caf::actor_system& sys, run_plan plan);

} // namespace parley
