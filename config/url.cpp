#include "config/url.hpp"

#include <arpa/inet.h>
#include <charconv>
#include <optional>

namespace parley::config {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (problem != std::errc{} || rest != text.data() + text.size())
    return std::nullopt;
  return port;
}

} // namespace

expected<std::pair<std::string, std::uint16_t>> split_host_port(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return fail(ec::invalid_request, "must be ADDRESS:PORT, such as \"127.0.0.1:8080\" or \"[::1]:8080\"");
  auto host = text.substr(0, colon);
  auto port = parse_port(text.substr(colon + 1));
  if (!port)
    return fail(ec::invalid_request, "must end in a port, a number from 0 to 65535");
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return fail(ec::invalid_request, "must have an IPv6 address in brackets, such as \"[::1]:8080\"");
  return std::pair{std::string{host}, *port};
}

expected<url> parse_url(std::string_view text) {
  url result;
  if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    result.secure = false;
    result.port = 80;
    text.remove_prefix(7);
  } else {
    return fail(ec::invalid_request, "must begin with http:// or https://");
  }
  if (text.find_first_of("?#") != std::string_view::npos)
    return fail(ec::invalid_request, "must end with its path, without ? or #");
  for (unsigned char c : text)
    if (c <= ' ' || c >= 0x7f)
      return fail(ec::invalid_request, "must be of visible ASCII characters, without spaces");
  auto authority = text.substr(0, text.find('/'));
  if (authority.find('@') != std::string_view::npos)
    return fail(ec::invalid_request, "must not have a user or a password: they belong in api_key or headers");
  auto bracket = authority.rfind(']');
  auto colon = authority.rfind(':');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    result.host = authority;
    if (result.host.starts_with('[') && result.host.ends_with(']'))
      result.host = result.host.substr(1, result.host.size() - 2);
  } else {
    auto parts = split_host_port(authority);
    if (!parts)
      return tl::unexpected{parts.error()};
    result.host = parts->first;
    result.port = parts->second;
  }
  if (result.host.empty())
    return fail(ec::invalid_request, "must name a host");
  return result;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost")
    return true;
  std::string text{host};
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1)
    return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

} // namespace parley::config
