#pragma once
// Connections to upstreams that nobody uses at the moment, and what else the requests of a loop share.

#include "net/loop/reactor.hpp"
#include "net/stream/byte_stream.hpp"
#include "net/upstream/upstream_client.hpp"
#include "net/upstream/upstream_resolver.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace parley::net {

class upstream_pool {
public:
  upstream_pool(reactor& on, upstream_client_settings with);
  ~upstream_pool();

  /// The one used last, so that the others can grow old. Null if there is none. It needs a new handler.
  byte_stream_ptr take(const std::string& key);

  /// Closes it if there are enough.
  void put(const std::string& key, byte_stream_ptr stream);

  std::size_t size() const;

  /// Nothing is kept from now on.
  void close();

  reactor& loop;
  const upstream_client_settings settings;
  upstream_resolver names;

private:
  struct idle_connection;

  void drop(idle_connection& which);
  void set_timer();
  void close_old();

  /// By upstream, the one used last at the back. No list is empty.
  std::unordered_map<std::string, std::vector<std::unique_ptr<idle_connection>>> idle_;
  /// One for all, and none is set while there is nothing to close.
  loop_timer timer_;
  bool closed_ = false;
};

} // namespace parley::net
