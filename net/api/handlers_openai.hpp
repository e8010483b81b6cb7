#pragma once
// OpenAI's API, for the clients that people already have: completions without a session.

#include "net/api/api_routes.hpp"

namespace parley::net {

void add_openai_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
