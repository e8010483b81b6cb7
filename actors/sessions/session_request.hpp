#pragma once
// What a client says of a session: which models it has, chosen or drawn, its title and its settings. Rules only: no actor, no
// I/O.

#include "actors/sessions/api.hpp"

#include <random>

namespace parley {

/// The session to store, or `invalid_request`. `wall` stamps it.
expected<session> plan_session(const make_session& wanted, const catalogue& models, std::random_device& random, unix_ms wall);

void apply(const session_changes& changes, session& about);

} // namespace parley
