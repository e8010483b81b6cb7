#pragma once
// Turns, and reading their answers.

#include "net/api_routes.hpp"

namespace parley::net {

void add_message_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
