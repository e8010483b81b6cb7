#pragma once
// Requests to a Parley server, each on a connection of its own. All on the thread that runs the loop.

#include "core/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace parley::commands::chat {

struct server_address {
  bool secure = false;
  /// Without brackets.
  std::string host;
  std::string port;
  /// As the field `Host` wants it.
  std::string authority;
  /// Of a server behind a proxy: `/parley`; no slash at its end.
  std::string path;
  /// As it was given, for people.
  std::string url;
};

/// `http://127.0.0.1:8080`
expected<server_address> parse_server(const std::string& url);

struct http_request {
  std::string method;
  /// `/api/models/`
  std::string target;
  /// JSON, or empty.
  std::string body;
  std::string accept;
  /// Empty, or where an event stream goes on.
  std::string last_event_id;
};

// For answers that are one object.
http_request getting(std::string target);
http_request posting(std::string target, std::string body = {});

// For answers that stream.
http_request attaching(std::string target, std::string last_event_id = {});
http_request streaming(std::string target, std::string body = {});

struct http_answer {
  int status = 0;
  /// Empty for one that is streamed.
  std::string body;
};

/// The beginning of a streamed answer.
struct http_head {
  int status = 0;
  /// `X-Message-Ids`
  std::string message_ids;
};

/// A request under way. When it goes, the request is given up, and nothing is called any more.
class http_exchange {
public:
  virtual ~http_exchange() = default;
};

/// What comes of it, in this order. Any may drop the exchange.
struct http_callbacks {
  std::function<void(const http_head&)> on_head;
  std::function<void(std::string_view bytes)> on_body;
  /// `ec::upstream_unreachable` if no connection came about, `ec::upstream_truncated` if it broke off or fell silent.
  std::function<void(expected<void>)> on_end;
};

class http_client {
public:
  /// Fails if the system's certificate authorities can't be read, for an https server.
  static expected<http_client> make(boost::asio::io_context& loop, server_address server);

  /// Given up when nothing comes for `silence`.
  std::unique_ptr<http_exchange> start(const http_request& what, std::chrono::milliseconds silence, http_callbacks then) const;

  /// The whole answer, whatever its status; runs the loop until it is there.
  expected<http_answer> call(const http_request& what) const;

  const server_address& server() const { return server_; }

private:
  struct tls;

  http_client(boost::asio::io_context& loop, server_address server) : loop_(&loop), server_(std::move(server)) {}

  boost::asio::io_context* loop_;
  server_address server_;
  /// Null for http.
  std::shared_ptr<tls> tls_;
};

} // namespace parley::commands::chat
