#pragma once
// Takes clients' connections and deals them out to the loops.

#include "net/loop/loop.hpp"
#include "net/server/exchange.hpp"
#include "net/server/http_settings.hpp"

#include <functional>
#include <memory>

namespace parley::net {

class listener {
public:
  /// Listens at once. `serve` is called for each request, `errors_of` for each that is refused, on the loop of its connection.
  /// Without `errors_of` all are refused by `error_response`. Fails with a sentence for the log.
  static expected<std::unique_ptr<listener>> open(caf::actor_system& sys, const http_settings& settings,
                                                  std::function<void(exchange&)> serve, find_errors errors_of = {});

  /// `close`. Before the actor system goes, which waits for the connections to end.
  virtual ~listener() = default;

  /// The port, also where the settings left it open.
  virtual std::uint16_t port() const = 0;

  /// Connections being served.
  virtual std::size_t connections() const = 0;

  /// Takes no more connections, ends those between two requests, and the others when they have answered. Any thread.
  virtual void drain() = 0;

  /// Ends all connections at once. Any thread; returns before they have ended.
  virtual void close() = 0;
};

} // namespace parley::net
