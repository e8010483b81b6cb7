#pragma once
// Addresses as the configuration writes them, checked before anything is opened.

#include "core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::config {

/// A provider's `base_url`.
struct url {
  bool secure = true;
  /// Without the brackets of an IPv6 address.
  std::string host;
  std::uint16_t port = 443;
};

/// `http://` or `https://`, a host, perhaps a port and a path; no user, query or fragment. The failure's sentence goes on
/// from the option's name: "must begin with …".
expected<url> parse_url(std::string_view text);

/// `localhost`, 127.0.0.0/8 and ::1.
bool is_loopback(std::string_view host);

/// Splits `host:port` and `[host]:port`; the host without brackets.
expected<std::pair<std::string, std::uint16_t>> split_host_port(std::string_view text);

} // namespace parley::config
