#pragma once
// Requests to upstreams: HTTP/1.1 over kept connections, plain or TLS. What `home_loop::call` promises, for one loop; on its
// thread only. The upstream `demo` is answered without a network, see `demo_upstream`.

#include "net/loop/loop.hpp"

#include <memory>

namespace parley::net {

class upstream_pool;

struct upstream_client_settings {
  /// Connections kept for an upstream while nobody uses them. A burst of answers ends within moments and the next one
  /// begins, and a TLS handshake costs two round trips; an idle connection costs a file descriptor and about a kilobyte.
  std::size_t idle_per_upstream = 256;
  /// Providers close theirs after a minute or more: rather we than they, for their close may cross our next request.
  std::chrono::milliseconds idle_time{30'000};
  /// While there are more addresses to try, one that doesn't answer is given that long.
  std::chrono::milliseconds address_time{2'000};
};

class upstream_client final : public upstream_caller {
public:
  explicit upstream_client(reactor& loop, upstream_client_settings settings = {});
  /// Closes the idle connections. Requests under way go on; the loop outlives them.
  ~upstream_client() override;

  /// As `home_loop::call`: no callback comes from within.
  std::unique_ptr<upstream_call> call(const std::shared_ptr<const upstream>& at, wire::upstream_request what,
                                      upstream_handler& handler) override;

  /// Connections that nobody uses.
  std::size_t idle_connections() const;

private:
  std::shared_ptr<upstream_pool> pool_;
};

} // namespace parley::net
