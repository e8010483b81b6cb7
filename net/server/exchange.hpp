#pragma once
// What an HTTP handler sees: a request, and the ways to answer it. Handlers validate, send one message, and return;
// they know no socket, and the actors behind know nothing of HTTP.

#include "actors/runs/api.hpp"
#include "core/ask.hpp"
#include "net/server/connection_place.hpp"
#include "net/stream/byte_stream.hpp"
#include "wire/http/request_parser.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::net {

/// The actor of a client's connection: a handler sends its requests as this actor.
using connection_actor = homed<reader_actor::base>;

using http_request = wire::http_request;

struct http_response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// How an API tells its clients of a failure: its error object and its status (`net/server/error_response`).
using error_writer = http_response (*)(const failure& why, std::string_view request_id);

/// The format of a path's API, also of a path that isn't there.
using find_errors = std::function<error_writer(std::string_view path)>;

/// What is left of a connection when another protocol takes it over (RFC 9110, section 7.8).
struct taken_connection {
  /// Its handler is yet to be set.
  byte_stream_ptr stream;
  /// What the client sent after its request.
  std::string received;
  std::unique_ptr<connection_place> place;
};

/// One request and its answer, on the connection's loop. Exactly one of `answer`, `refuse`, `stream` and `upgrade` is called,
/// once, in the handler or later; the exchange lives until then, or until the connection is gone.
class exchange {
public:
  virtual ~exchange() = default;
  virtual const http_request& request() const = 0;
  /// For what the handler asks of actors. Nobody has to say who they are yet: all are the one local user.
  ask by() const { return {{}, request().request_id}; }
  /// For `self().request(…).then(…)`: the continuation isn't called once the connection is gone.
  virtual connection_actor& self() = 0;
  virtual home_loop& home() = 0;
  virtual void answer(http_response response) = 0;
  /// The error object of the API that the path belongs to, with its status.
  virtual void refuse(const failure& why) = 0;
  /// A run's log in that format, with the run's headers (`X-Turn-Id`, …), until its last finish.
  virtual void stream(const run_opened& run, const wire::stream_encoder& format) = 0;
  /// Another protocol goes on, `taker`'s, which begins with the 101 response. Not called if the connection is ending.
  virtual void upgrade(const std::function<void(taken_connection)>& taker) = 0;

  /// What is being done is of no use to anybody else: a client that closes its direction before the answer has left.
  void end_with_client() { ends_with_client_ = true; }
  bool ends_with_client() const { return ends_with_client_; }

  /// Goes with the answer, whichever of the three it is: `Allow`, `Access-Control-Allow-Origin`, …
  void add_header(std::string name, std::string value) { added_headers_.emplace_back(std::move(name), std::move(value)); }
  const std::vector<std::pair<std::string, std::string>>& added_headers() const { return added_headers_; }

private:
  std::vector<std::pair<std::string, std::string>> added_headers_;
  bool ends_with_client_ = false;
};

/// Path parameters in their order: for `/api/sessions/{id}/messages/` the id.
using path_parameters = std::vector<std::string>;

using handler = std::function<void(exchange&, const path_parameters&)>;

} // namespace parley::net
