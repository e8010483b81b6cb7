#include "net/server/cors.hpp"

#include "wire/http/header_values.hpp"

#include <algorithm>

namespace parley::net {

namespace {

using wire::equal_ignoring_case;

/// What scripts may read of an answer's headers. The cursor headers are of no use to a page otherwise.
constexpr std::string_view exposed_headers = "X-Request-Id, X-Turn-Id, X-Run-Id, X-Message-Ids, Retry-After";

constexpr std::string_view accepted_headers = "Authorization, Content-Type, Last-Event-ID, X-Request-Id";

/// Browsers ask again after ten minutes, so that a changed configuration is soon felt.
constexpr std::string_view preflight_seconds = "600";

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::any_of(list.begin(), list.end(), [&](auto& entry) { return equal_ignoring_case(entry, text); });
}

/// `[::1]:8080` → `[::1]`
std::string_view without_port(std::string_view authority) {
  auto from = authority.starts_with('[') ? authority.find(']') : 0;
  auto colon = authority.find(':', from == std::string_view::npos ? 0 : from);
  return authority.substr(0, colon);
}

bool is_loopback_name(std::string_view host) {
  if (equal_ignoring_case(host, "localhost") || host == "[::1]")
    return true;
  // 127.0.0.0/8. A name such as 127.example.org is none: only digits and dots may follow.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// The origin's `host[:port]`, without the port if it is its scheme's own; empty for what is no web origin, such as `null`.
std::string_view authority_of(std::string_view origin) {
  auto take = [](std::string_view text, std::string_view scheme, std::string_view own_port) -> std::string_view {
    if (text.size() < scheme.size() || !equal_ignoring_case(text.substr(0, scheme.size()), scheme))
      return {};
    text.remove_prefix(scheme.size());
    if (text.ends_with(own_port))
      text.remove_suffix(own_port.size());
    return text;
  };
  auto result = take(origin, "http://", ":80");
  return result.empty() ? take(origin, "https://", ":443") : result;
}

/// The server may stand behind a proxy that speaks TLS, so the scheme isn't compared: only `host[:port]` is.
bool is_own_page(std::string_view origin, std::string_view host) {
  auto authority = authority_of(origin);
  if (authority.empty() || host.empty())
    return false;
  auto own_port = origin.starts_with("https") || origin.starts_with("HTTPS") ? std::string_view{":443"} : std::string_view{":80"};
  if (host.ends_with(own_port))
    host.remove_suffix(own_port.size());
  return equal_ignoring_case(authority, host);
}

bool changes_something(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

using header_list = std::vector<std::pair<std::string, std::string>>;

/// The headers that admit a page, if it is listed.
header_list admitting_headers(const origin_policy& policy, std::string_view origin) {
  header_list headers;
  if (policy.allowed_origins.empty())
    return headers;
  if (contains(policy.allowed_origins, "*")) {
    headers.emplace_back("Access-Control-Allow-Origin", "*");
    return headers;
  }
  // Caches must not give one origin's answer to another.
  headers.emplace_back("Vary", "Origin");
  if (origin.empty() || !contains(policy.allowed_origins, origin))
    return headers;
  headers.emplace_back("Access-Control-Allow-Origin", origin);
  headers.emplace_back("Access-Control-Allow-Credentials", "true");
  return headers;
}

} // namespace

bool may_use(const origin_policy& policy, std::string_view origin, std::string_view host) {
  return contains(policy.allowed_origins, "*") || contains(policy.allowed_origins, origin) || is_own_page(origin, host);
}

expected<void> admit(const origin_policy& policy, const http_request& request) {
  auto host = request.header("host");
  // Only HTTP/1.0 may leave it out, which no browser speaks.
  if (policy.on_loopback && !host.empty()) {
    auto name = without_port(host);
    if (!is_loopback_name(name) && !contains(policy.allowed_hosts, name))
      return fail(ec::forbidden, "This server answers on loopback only, and not by the host name of this request.", "Host");
  }
  auto origin = request.header("origin");
  if (!origin.empty() && changes_something(request.method) && !may_use(policy, origin, host))
    return fail(ec::forbidden, "Pages of this origin may not use this server; see allowed_origins in its configuration.",
                "Origin");
  return {};
}

void add_cors_headers(const origin_policy& policy, exchange& to) {
  auto headers = admitting_headers(policy, to.request().header("origin"));
  bool admitted = std::any_of(headers.begin(), headers.end(), [](auto& entry) { return entry.first != "Vary"; });
  for (auto& [name, value] : headers)
    to.add_header(std::move(name), std::move(value));
  if (admitted)
    to.add_header("Access-Control-Expose-Headers", std::string{exposed_headers});
}

http_response options_response(const origin_policy& policy, const http_request& request, std::string_view methods) {
  http_response response;
  response.status = 204;
  response.content_type.clear();
  response.headers.emplace_back("Allow", methods);
  // A preflight (Fetch Standard, "CORS-preflight request"); the headers that admit the page itself go with every answer.
  if (may_use(policy, request.header("origin"), request.header("host")) && !policy.allowed_origins.empty()
      && !request.header("access-control-request-method").empty()) {
    response.headers.emplace_back("Access-Control-Allow-Methods", methods);
    response.headers.emplace_back("Access-Control-Allow-Headers", accepted_headers);
    response.headers.emplace_back("Access-Control-Max-Age", preflight_seconds);
  }
  return response;
}

} // namespace parley::net
