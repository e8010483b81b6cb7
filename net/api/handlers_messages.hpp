#pragma once
// Turns, and reading their answers.

#include "net/api/api_routes.hpp"

namespace parley::net {

/// Answers with the run's stream. A run with several answers is refused in a format that shows one.
void stream_run(exchange& ex, const run_opened& run, const wire::stream_encoder& format);

void add_message_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
