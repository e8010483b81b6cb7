#pragma once
// The leaderboard's messages and its actor, which has to do with no session. Otherwise as `actors/runs/api.hpp`.

#include "actors/node/api.hpp"
#include "actors/node/store_api.hpp"
#include "core/ask.hpp"
#include "core/leaderboard.hpp"

#include <functional>
#include <memory>

namespace parley {

/// GET /api/leaderboard/
struct show_leaderboard {
  vote_period of = vote_period::all;
  ask by{};
};

using leaderboard_ptr = std::shared_ptr<const leaderboard>;

/// `votes_changed` outdates what is kept (a `vote_listener`).
using leaderboard_actor =
  caf::typed_actor<caf::replies_to<show_leaderboard>::with<leaderboard_ptr>, caf::reacts_to<votes_changed>>;

/// Runs a job on a thread of its own, as long as what is returned lives; its end asks the job to end early, and waits for that.
/// Throws std::system_error if there is no thread to be had.
using start_thread = std::function<std::shared_ptr<void>(std::function<void(const std::stop_token&)>)>;

leaderboard_actor spawn_leaderboard(caf::actor_system& sys, node_context_ptr node, persistence_actor store, start_thread threads);

} // namespace parley

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::leaderboard_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::show_leaderboard)
