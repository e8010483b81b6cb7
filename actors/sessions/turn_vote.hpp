#pragma once
// What a vote on a turn comes to: whether it can be taken, and whether the leaderboard counts it. Rules only: no actor, no I/O.

#include "actors/sessions/session_now.hpp"

namespace parley {

/// The vote to store; or `not_found`, `invalid_request`, `turn_in_progress`, `already_voted`, `unavailable`.
///
/// It counts if the voter couldn't know whose answers they were (`about.blind`), and both of them, the newest of each seat, are
/// whole and not the same model's. Once one vote shows the names the next isn't blind any more: `another_under_way` is true while
/// the store has not answered an earlier one.
expected<record_vote> plan_vote(const cast_vote& wanted, const session_now& now, bool another_under_way);

} // namespace parley
