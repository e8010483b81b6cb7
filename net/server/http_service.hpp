#pragma once
// What a listener and its connections have in common: how they behave, what serves their requests, and who they are.

#include "net/server/connection_place.hpp"
#include "net/server/exchange.hpp"
#include "net/server/http_settings.hpp"
#include "net/stream/tls.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace parley::net {

/// What the connections of a listener share.
struct http_service {
  http_settings settings;
  /// Called on the connection's loop.
  std::function<void(exchange&)> serve;
  find_errors errors_of;
  /// Null: plain.
  std::shared_ptr<const tls_context> tls;
  /// Set to end connections as soon as they have answered what they are at.
  std::atomic<bool> draining{false};
  /// Set to end them at once.
  std::atomic<bool> closing{false};
  /// Connections being served, and those beyond the limit that are being told so.
  std::atomic<std::size_t> open{0};
  std::atomic<std::size_t> refusing{0};
  /// The connections of each loop: touched on that loop only.
  std::vector<std::list<served_connection*>> by_loop;
};

/// Lists `who`, which the listener has counted as open already, or as refused.
std::unique_ptr<connection_place> take_place(std::shared_ptr<http_service> service, std::size_t loop, bool refused,
                                             served_connection& who);

} // namespace parley::net
