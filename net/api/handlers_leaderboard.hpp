#pragma once

#include "net/api/api_routes.hpp"

namespace parley::net {

/// `/api/leaderboard/`
void add_leaderboard_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
