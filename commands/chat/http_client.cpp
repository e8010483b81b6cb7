#include "commands/chat/http_client.hpp"

#include "config/url.hpp"

#include <utility> // before Asio, whose awaitable.hpp forgets it

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <limits>
#include <optional>

namespace parley::commands::chat {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// A name, a connection, TLS: what takes longer won't come.
constexpr std::chrono::seconds connect_patience{10};
/// For the answers that aren't streamed; the slowest waits for a store that is being restarted.
constexpr std::chrono::seconds call_patience{30};

constexpr auto json_type = "application/json";
constexpr auto event_stream_type = "text/event-stream";

using tls_stream = asio::ssl::stream<tcp::socket>;

tcp::socket& socket_of(tcp::socket& stream) {
  return stream;
}
tcp::socket& socket_of(tls_stream& stream) {
  return stream.next_layer();
}

http::request<http::string_body> message_of(const http_request& what, const server_address& server) {
  http::request<http::string_body> result{http::string_to_verb(what.method), server.path + what.target, 11};
  result.set(http::field::host, server.authority);
  result.set(http::field::user_agent, "parley-chat");
  result.set(http::field::accept, what.accept);
  result.set(http::field::connection, "close");
  if (!what.last_event_id.empty())
    result.set("Last-Event-ID", what.last_event_id);
  if (!what.body.empty())
    result.set(http::field::content_type, json_type);
  result.body() = what.body;
  result.prepare_payload();
  return result;
}

/// Kept alive by its own operations; `close` ends them all.
template <class Stream>
class connection : public std::enable_shared_from_this<connection<Stream>> {
public:
  connection(asio::io_context& loop, Stream stream, const http_request& what, const server_address& server,
             std::chrono::milliseconds silence, http_callbacks then)
    : resolver_(loop), deadline_(loop), stream_(std::move(stream)), request_(message_of(what, server)), silence_(silence),
      then_(std::move(then)) {
    response_.body_limit(std::numeric_limits<std::uint64_t>::max()); // Beast 1.74 refuses every length where there is no limit
  }

  void start(const server_address& server) {
    wait_at_most(connect_patience);
    resolver_.async_resolve(server.host, server.port, [self = this->shared_from_this()](error_code error, auto found) {
      if (!self->goes_on(error))
        return;
      asio::async_connect(socket_of(self->stream_), found, [self](error_code failed, const tcp::endpoint&) {
        if (!self->goes_on(failed))
          return;
        error_code ignored;
        socket_of(self->stream_).set_option(tcp::no_delay{true}, ignored);
        self->secure();
      });
    });
  }

  /// Nothing is called any more.
  void close() {
    then_ = {};
    stop();
  }

private:
  void secure() {
    if constexpr (std::is_same_v<Stream, tls_stream>)
      stream_.async_handshake(asio::ssl::stream_base::client, [self = this->shared_from_this()](error_code error) {
        if (self->goes_on(error))
          self->send();
      });
    else
      send();
  }

  void send() {
    connected_ = true;
    wait_at_most(silence_);
    http::async_write(stream_, request_, [self = this->shared_from_this()](error_code error, std::size_t) {
      if (self->goes_on(error))
        self->read_head();
    });
  }

  void read_head() {
    http::async_read_header(stream_, buffer_, response_, [self = this->shared_from_this()](error_code error, std::size_t) {
      if (!self->goes_on(error))
        return;
      self->wait_at_most(self->silence_);
      if (auto call = self->then_.on_head)
        call({static_cast<int>(self->response_.get().result_int()), std::string{self->response_.get()["X-Message-Ids"]}});
      self->read_body();
    });
  }

  void read_body() {
    if (response_.is_done())
      return end({});
    http::async_read_some(stream_, buffer_, response_, [self = this->shared_from_this()](error_code error, std::size_t) {
      auto bytes = std::exchange(self->response_.get().body(), {});
      if (auto call = self->then_.on_body; call && !bytes.empty())
        call(bytes);
      // A body without a length ends with its connection.
      if (error == http::error::end_of_stream || (error == asio::ssl::error::stream_truncated && self->response_.is_done()))
        return self->end({});
      if (!self->goes_on(error))
        return;
      self->wait_at_most(self->silence_);
      self->read_body();
    });
  }

  void wait_at_most(std::chrono::milliseconds time) {
    deadline_.expires_after(time);
    deadline_.async_wait([self = this->shared_from_this()](error_code error) {
      if (error)
        return;
      self->end(fail(self->connected_ ? ec::upstream_truncated : ec::upstream_unreachable, "No answer came in time."));
    });
  }

  bool goes_on(error_code error) {
    if (error)
      end(fail(connected_ ? ec::upstream_truncated : ec::upstream_unreachable, error.message()));
    return !error && !ended_;
  }

  void end(expected<void> how) {
    stop();
    if (auto call = std::exchange(then_, {}).on_end)
      call(std::move(how));
  }

  void stop() {
    ended_ = true;
    deadline_.cancel();
    resolver_.cancel();
    error_code ignored;
    socket_of(stream_).close(ignored);
  }

  tcp::resolver resolver_;
  asio::steady_timer deadline_;
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response_parser<http::string_body> response_;
  std::chrono::milliseconds silence_;
  http_callbacks then_;
  /// The request goes out: from now on it may have had its effect.
  bool connected_ = false;
  bool ended_ = false;
};

template <class Stream>
class exchange_on final : public http_exchange {
public:
  explicit exchange_on(std::shared_ptr<connection<Stream>> on) : on_(std::move(on)) {}
  ~exchange_on() override { on_->close(); }

private:
  std::shared_ptr<connection<Stream>> on_;
};

template <class Stream, class... Args>
std::unique_ptr<http_exchange> start_on(const server_address& server, Args&&... args) {
  auto made = std::make_shared<connection<Stream>>(std::forward<Args>(args)...);
  made->start(server);
  return std::make_unique<exchange_on<Stream>>(std::move(made));
}

bool is_address(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

} // namespace

expected<server_address> parse_server(const std::string& url) {
  auto parsed = config::parse_url(url);
  if (!parsed)
    return fail(ec::invalid_request, "The server's address " + parsed.error().message + " It is: " + url);
  auto authority = std::string_view{url}.substr(url.find("://") + 3);
  auto path = authority.substr(std::min(authority.find('/'), authority.size()));
  authority.remove_suffix(path.size());
  while (path.ends_with('/'))
    path.remove_suffix(1);
  return server_address{parsed->secure,         parsed->host,      std::to_string(parsed->port),
                        std::string{authority}, std::string{path}, url};
}

http_request getting(std::string target) {
  return {"GET", std::move(target), {}, json_type, {}};
}

http_request posting(std::string target, std::string body) {
  return {"POST", std::move(target), std::move(body), json_type, {}};
}

http_request attaching(std::string target, std::string last_event_id) {
  return {"GET", std::move(target), {}, event_stream_type, std::move(last_event_id)};
}

http_request streaming(std::string target, std::string body) {
  return {"POST", std::move(target), std::move(body), event_stream_type, {}};
}

struct http_client::tls {
  asio::ssl::context context{asio::ssl::context::tls_client};
};

expected<http_client> http_client::make(asio::io_context& loop, server_address server) {
  http_client result{loop, std::move(server)};
  if (!result.server_.secure)
    return result;
  result.tls_ = std::make_shared<tls>();
  auto& context = result.tls_->context;
  error_code error;
  context.set_default_verify_paths(error);
  if (error)
    return fail(ec::internal, "The system's certificate authorities can't be read: " + error.message());
  context.set_verify_mode(asio::ssl::verify_peer);
  context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  return result;
}

std::unique_ptr<http_exchange> http_client::start(const http_request& what, std::chrono::milliseconds silence,
                                                  http_callbacks then) const {
  if (!tls_)
    return start_on<tcp::socket>(server_, *loop_, tcp::socket{*loop_}, what, server_, silence, std::move(then));
  tls_stream stream{*loop_, tls_->context};
  stream.set_verify_callback(asio::ssl::host_name_verification{server_.host});
  if (!is_address(server_.host))
    SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(server_.host.c_str()));
  return start_on<tls_stream>(server_, *loop_, std::move(stream), what, server_, silence, std::move(then));
}

expected<http_answer> http_client::call(const http_request& what) const {
  http_answer answer;
  std::optional<expected<void>> end;
  http_callbacks then;
  then.on_head = [&](const http_head& head) { answer.status = head.status; };
  then.on_body = [&](std::string_view bytes) { answer.body += bytes; };
  then.on_end = [&](expected<void> how) { end = std::move(how); };
  auto exchange = start(what, call_patience, std::move(then));
  loop_->restart();
  while (!end)
    loop_->run_one();
  if (!*end)
    return tl::unexpected{end->error()};
  return answer;
}

} // namespace parley::commands::chat
