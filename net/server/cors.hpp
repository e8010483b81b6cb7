#pragma once
// Which web pages may use this server. A browser sends any page's requests to any address, also to one on loopback where
// nobody else can connect; so the server itself looks at who asks: the page's origin (RFC 6454) and the name by which the
// server was called. Programs that aren't browsers send no Origin and are none of its business.

#include "net/server/exchange.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace parley::net {

struct origin_policy {
  /// Pages of these origins may use the server: `https://chat.example.org`, without a slash at the end. `*` is every page,
  /// and then without credentials. Empty: CORS is off, and only the server's own pages get in.
  std::vector<std::string> allowed_origins;
  /// The server listens on loopback only. A page whose name was made to resolve to 127.0.0.1 (DNS rebinding) calls it by
  /// that name: requests for a host that isn't loopback are refused.
  bool on_loopback = true;
  /// Host names to accept on loopback all the same: those of a proxy before the server, without a port.
  std::vector<std::string> allowed_hosts;
};

/// True if a page of that origin may use the server called `host`: it is listed, or the server's own. Also for WebSocket.
bool may_use(const origin_policy& policy, std::string_view origin, std::string_view host);

/// May this request be carried out? `ec::forbidden` for a host that isn't ours, and for a page of another origin that wants
/// to change something.
expected<void> admit(const origin_policy& policy, const http_request& request);

/// Adds what lets a page of an allowed origin read the answer; nothing for other requests.
void add_cors_headers(const origin_policy& policy, exchange& to);

/// The answer to OPTIONS. `methods` are the path's, as in Allow.
http_response options_response(const origin_policy& policy, const http_request& request, std::string_view methods);

} // namespace parley::net
