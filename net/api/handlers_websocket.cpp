#include "net/api/handlers_websocket.hpp"

#include "net/api/request_fields.hpp"
#include "net/server/error_response.hpp"
#include "net/server/ws_connection.hpp"

#include <algorithm>
#include <cctype>

namespace parley::net {

namespace {

using wire::lists;

std::size_t count(const http_request& request, std::string_view header) {
  return static_cast<std::size_t>(
    std::count_if(request.headers.begin(), request.headers.end(), [&](auto& entry) { return entry.first == header; }));
}

/// Sixteen bytes in Base64 (RFC 6455, section 4.2.1).
bool is_key(std::string_view text) {
  return text.size() == 24 && text.ends_with("==") && std::all_of(text.begin(), text.end() - 2, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '+' || c == '/';
         });
}

/// 426 says which protocol to use here (RFC 9110, section 15.5.22).
void refuse_protocol(exchange& ex, std::string why) {
  auto response = error_response({ec::invalid_request, std::move(why), {}}, ex.request().request_id);
  response.status = 426;
  response.headers.emplace_back("Upgrade", "websocket");
  response.headers.emplace_back("Connection", "Upgrade");
  response.headers.emplace_back("Sec-WebSocket-Version", "13");
  ex.answer(std::move(response));
}

/// RFC 6455, section 4.2. A token, by whichever of the ways, isn't looked at: there are no users yet.
void open(const api_context& api, exchange& ex, std::string_view id) {
  auto& request = ex.request();
  if (request.method != "GET" || request.http_1_0 || !lists(request, "upgrade", "websocket")
      || !lists(request, "connection", "upgrade"))
    return refuse_protocol(ex, "This path speaks WebSocket.");
  if (count(request, "sec-websocket-version") != 1 || request.header("sec-websocket-version") != "13")
    return refuse_protocol(ex, "This server speaks version 13 of WebSocket.");
  if (count(request, "sec-websocket-key") != 1 || !is_key(request.header("sec-websocket-key")))
    return ex.refuse({ec::invalid_request, "Sec-WebSocket-Key must be sixteen bytes in Base64.", "Sec-WebSocket-Key"});
  auto origin = request.header("origin");
  if (!origin.empty() && !may_use(api.origins, origin, request.header("host")))
    return ex.refuse(
      {ec::forbidden, "Pages of this origin may not use this server; see allowed_origins in its configuration.", "Origin"});

  websocket_opening wanted;
  wanted.session = parse_id<session_id>(id);
  if (auto from = query_value(request.query, "from"); from && !from->empty()) {
    wanted.from = wire::parse_cursor(*from);
    wanted.bad_from = !wanted.from;
  }
  wanted.by = ex.by();
  wanted.bearer = lists(request, "sec-websocket-protocol", "bearer");
  ex.upgrade([&](taken_connection taken) { begin_websocket(api.sockets, *loop::current(), request, std::move(taken), wanted); });
}

} // namespace

void add_websocket_routes(router& to, const api_context_ptr& api) {
  to.add("GET", "/ws/chat/session/{id}/", [api](exchange& ex, const path_parameters& path) { open(*api, ex, path[0]); });
}

} // namespace parley::net
