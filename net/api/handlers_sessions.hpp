#pragma once
// Sessions and their transcripts.

#include "net/api/api_routes.hpp"

namespace parley::net {

void add_session_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
