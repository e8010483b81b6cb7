#pragma once
// What a WebSocket client may send (`docs/protocol.md`, "WebSocket"): one JSON object a message.

#include "wire/objects/object_json.hpp"

#include "core/error.hpp"

#include <string_view>
#include <variant>

namespace parley::wire {

struct client_ping {
  /// As the client wrote it: a number, a text or null.
  json_object timestamp;
};

struct client_wants_state {};

struct client_typing {
  bool is_typing = false;
};

using client_message = std::variant<client_ping, client_wants_state, client_typing>;

/// `invalid_request` for what is none of them.
expected<client_message> parse_client_message(std::string_view text);

} // namespace parley::wire
