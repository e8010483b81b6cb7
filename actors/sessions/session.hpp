#pragma once
// One active session: its conversation in memory, the order of its requests, and the run it has under way.

#include "actors/sessions/api.hpp"

namespace parley {

/// Whom a session has to do with.
struct session_surroundings {
  node_context_ptr node;
  sessions_actor parent;
  persistence_actor store;
  /// May be null.
  vote_listener votes;
};

/// `opened` is what the store had, with the epoch that fences this actor's writes.
session_actor spawn_session(caf::actor_system& sys, session_surroundings around, opened_session opened);

} // namespace parley
