#pragma once
// How a listener and its connections behave. The configuration sets it, each option explained in `config/parley.toml`.

#include "wire/http/request_parser.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace parley::net {

struct http_settings {
  /// A literal IPv4 or IPv6 address.
  std::string address = "127.0.0.1";
  /// 0 for any free one.
  std::uint16_t port = 8080;
  /// PEM files; both or neither. With them the listener speaks TLS only.
  std::string certificate_file;
  std::string key_file;

  /// Beyond it, clients get 503.
  std::size_t max_connections = 10'000;
  wire::request_limits requests;
  /// From a request's first byte (a new connection: from its begin) to the end of its header.
  std::chrono::milliseconds header_timeout{10'000};
  /// From the end of the header to the end of the body.
  std::chrono::milliseconds body_timeout{30'000};
  /// Between two requests.
  std::chrono::milliseconds idle_timeout{75'000};
  /// A client that takes no byte of what is to be sent for that long is given up.
  std::chrono::milliseconds write_timeout{30'000};
  /// What a stream may have unwritten; `limits::reader_window_bytes` of the runs it reads.
  std::size_t reader_window_bytes = 256 * 1024;
};

} // namespace parley::net
