#pragma once
// Votes on turns.

#include "net/api/api_routes.hpp"

namespace parley::net {

void add_feedback_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
