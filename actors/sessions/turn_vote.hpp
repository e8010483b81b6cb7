#pragma once
// What a vote on a turn comes to: whether it can be taken, and whether the leaderboard counts it. Rules only: no actor, no I/O.

#include "actors/sessions/api.hpp"
#include "core/conversation.hpp"

namespace parley {

/// The vote to store, its epoch not set; or `not_found`, `invalid_request`, `turn_in_progress`, `already_voted`.
///
/// It counts if the voter couldn't know whose answers they were (`about.blind`), and both of them, the newest of each seat, are
/// whole and not the same model's.
expected<record_vote> plan_vote(const cast_vote& wanted, const conversation& so_far, const session& about, unix_ms wall);

} // namespace parley
