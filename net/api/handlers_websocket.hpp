#pragma once

#include "net/api/api_routes.hpp"

namespace parley::net {

/// `GET /ws/chat/session/{id}/`
void add_websocket_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
