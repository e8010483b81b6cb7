#pragma once
// What Beast needs to answer a WebSocket's handshake (RFC 6455, section 4.2.2). Included by `ws_connection.cpp` alone.

#include "wire/http/request_parser.hpp"

#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/option.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream_base.hpp>

#include <string>

namespace parley::net {

/// The request as Beast sees it: only what Beast answers by. That the request is a good one was seen to before, less narrowly
/// than Beast would.
inline boost::beast::websocket::request_type handshake_request(const http_request& from) {
  namespace beast = boost::beast;
  beast::websocket::request_type request{beast::http::verb::get, "/", 11};
  request.set("Host", "parley");
  request.set("Upgrade", "websocket");
  request.set("Connection", "Upgrade");
  request.set("Sec-WebSocket-Version", "13");
  for (auto name : {"sec-websocket-key", "sec-websocket-extensions"})
    if (auto value = from.header(name); !value.empty())
      request.set(name, beast::string_view{value.data(), value.size()});
  return request;
}

inline bool offers_deflate(const boost::beast::websocket::request_type& request) {
  return boost::beast::http::ext_list{request["Sec-WebSocket-Extensions"]}.exists("permessage-deflate");
}

/// How far back compression looks, and how much memory that takes, as powers of two: some 30 KiB for a connection instead of
/// the usual 300, and still a third of the bytes.
inline boost::beast::websocket::permessage_deflate deflate_options() {
  constexpr int window_bits = 11;
  constexpr int memory_level = 3;
  boost::beast::websocket::permessage_deflate result;
  result.server_enable = true;
  result.server_max_window_bits = result.client_max_window_bits = window_bits;
  result.memLevel = memory_level;
  return result;
}

/// The fields that we add to the answer.
inline auto handshake_fields(std::string request_id, bool bearer) {
  return boost::beast::websocket::stream_base::decorator(
    [id = std::move(request_id), bearer](boost::beast::websocket::response_type& response) {
      response.set("Server", "parley");
      response.set("X-Request-Id", id);
      if (bearer)
        response.set("Sec-WebSocket-Protocol", "bearer");
    });
}

} // namespace parley::net
