#pragma once
// One client's WebSocket connection (RFC 6455): a session's subscriber. No actor, for a node has ten thousand of them that
// mostly only hear; a plain object on its loop, which its feed calls directly.
//
// Beast does the protocol: the handshake's answer, frames, masks, fragments, UTF-8, pongs, the close handshake. The feed's
// frames are encoded already and shared by all subscribers; they go past Beast into the socket, without a copy while the
// socket takes them. With permessage-deflate they go through it.

#include "net/server/exchange.hpp"
#include "net/server/websockets.hpp"

namespace parley::net {

/// What a request to upgrade asked for; the request itself was checked.
struct websocket_opening {
  /// Nothing for a session that can't be: closed with 4404 once it is open, since browsers show scripts no HTTP status.
  std::optional<session_id> session;
  std::optional<wire::cursor> from;
  /// The cursor is none: closed with 1008.
  bool bad_from = false;
  /// Answer with that subprotocol.
  bool bearer = false;
  /// Whoever asked to upgrade is who asks for all that comes by it.
  ask by{};
};

/// Answers the handshake and goes on. It keeps itself until it ends.
void begin_websocket(const std::shared_ptr<websockets>& all, loop& home, const http_request& request, taken_connection taken,
                     const websocket_opening& wanted);

} // namespace parley::net
