#pragma once
// Upstreams' names to addresses, without blocking the loop, remembered for a short while. On the loop's thread only.

#include "core/error.hpp"
#include "core/time.hpp"

#include <functional>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <unordered_map>
#include <vector>

namespace parley::net {

class reactor;

class upstream_resolver {
public:
  using addresses = std::vector<sockaddr_storage>;
  /// At least one address, in the order in which they are to be tried.
  using on_addresses = std::function<void(const expected<addresses>&)>;

  /// Providers move their names within minutes; a lookup for each request would cost more than it tells.
  static constexpr std::chrono::seconds remembered{30};

  explicit upstream_resolver(reactor& loop);
  ~upstream_resolver();

  /// Answers at once if it can: for a literal address (IPv6 without its brackets), or a name it remembers. Those who ask
  /// for the same name at a time share one lookup. After the resolver's end nobody is answered.
  void resolve(const std::string& host, std::uint16_t port, on_addresses answer);

private:
  class lookups;
  std::shared_ptr<lookups> lookups_;
};

} // namespace parley::net
