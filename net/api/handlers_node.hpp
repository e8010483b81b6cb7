#pragma once
// The catalogue, and how the node is.

#include "net/api/api_routes.hpp"

namespace parley::net {

void add_node_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
