#pragma once
// How WebSocket connections behave. The configuration sets it, each option explained in `config/parley.toml`.

#include <chrono>
#include <cstddef>

namespace parley::net {

struct websocket_settings {
  /// A client's message, all fragments together and inflated; 1009 beyond it.
  std::size_t max_message_bytes = 64 * 1024;
  /// Messages, pings and pongs of one client within a second; 1008 beyond it.
  int max_messages_per_second = 50;
  /// From a message's first byte that is kept to its last; 1008 beyond it.
  std::chrono::milliseconds message_timeout{30'000};
  /// A client that has been silent for that long is pinged …
  std::chrono::milliseconds ping_interval{20'000};
  /// … and is gone if nothing comes from it within that time.
  std::chrono::milliseconds pong_timeout{20'000};
  /// From our close frame to the client's, and its end of the connection.
  std::chrono::milliseconds close_timeout{2'000};
  /// A client that takes no byte of what is to be sent for that long is too slow; 4408.
  std::chrono::milliseconds write_timeout{30'000};
  /// What the kernel may hold for a client that doesn't read.
  std::size_t kernel_buffer_bytes = 64 * 1024;
  /// Offer permessage-deflate (RFC 7692).
  bool deflate = false;
};

} // namespace parley::net
