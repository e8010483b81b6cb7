#pragma once
// Anthropic's API (`docs/protocol.md`, "/v1/"): answers without a session, for clients that only speak that.

#include "net/api/api_routes.hpp"

namespace parley::net {

void add_anthropic_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
