#pragma once
// The AI SDK's chat on a session: what its `useChat` posts and how it comes back to an answer under way
// (`docs/protocol.md`, "The AI SDK's chat").

#include "net/api/api_routes.hpp"

#include <nlohmann/json_fwd.hpp>

namespace parley::net {

/// POST /api/messages/stream/ with a body that `is_ui_chat` knows.
void answer_ui_chat(const api_context& api, exchange& ex, const nlohmann::json& body);

void add_ui_chat_routes(router& to, const api_context_ptr& api);

} // namespace parley::net
