#include "net/upstream/upstream_client.hpp"

#include "core/check.hpp"
#include "net/stream/byte_stream.hpp"
#include "net/stream/tls.hpp"
#include "net/upstream/demo_upstream.hpp"
#include "net/upstream/upstream_pool.hpp"
#include "net/upstream/upstream_response.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace parley::net {

namespace {

/// A `base_url`, taken apart.
struct origin {
  bool tls = false;
  /// Without brackets.
  std::string host;
  std::uint16_t port = 0;
  /// As the field `Host` wants it.
  std::string authority;
  /// Such as `/v1`; no slash at the end.
  std::string path;
};

std::optional<origin> parse_base_url(std::string_view url) {
  origin result;
  if (url.substr(0, 8) == "https://") {
    result.tls = true;
    url.remove_prefix(8);
  } else if (url.substr(0, 7) == "http://") {
    url.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  auto authority = url.substr(0, url.find('/'));
  auto path = url.substr(authority.size());
  while (!path.empty() && path.back() == '/')
    path.remove_suffix(1);
  if (url.find_first_of("?#@ ") != url.npos)
    return std::nullopt;

  auto host = authority;
  std::string_view port;
  if (!authority.empty() && authority.front() == '[') {
    auto close = authority.find(']');
    if (close == authority.npos)
      return std::nullopt;
    host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else if (auto colon = authority.find(':'); colon != authority.npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  result.port = result.tls ? 443 : 80;
  if (!port.empty()) {
    auto [rest, error] = std::from_chars(port.data() + 1, port.data() + port.size(), result.port);
    if (port.front() != ':' || error != std::errc{} || rest != port.data() + port.size() || result.port == 0)
      return std::nullopt;
  }
  if (host.empty())
    return std::nullopt;
  result.host = host;
  result.authority = authority;
  result.path = path;
  return result;
}

bool is_clean_field(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

/// Nothing if a field has a control character in it: it would be something else on the wire.
std::optional<std::string> make_head(const origin& to, const wire::upstream_request& what) {
  std::string head;
  head.append("POST ").append(to.path).append(what.path).append(" HTTP/1.1\r\nHost: ").append(to.authority);
  head.append("\r\nUser-Agent: parley/" PARLEY_VERSION "\r\nConnection: keep-alive\r\nContent-Length: ");
  head.append(std::to_string(what.body.size()));
  for (auto& [name, value] : what.headers) {
    if (!is_clean_field(name) || !is_clean_field(value))
      return std::nullopt;
    head.append("\r\n").append(name).append(": ").append(value);
  }
  head.append("\r\n\r\n");
  return head;
}

} // namespace

// -- one request -----------------------------------------------------------------------------------------------------

namespace {

/// ```
/// begin ──▶ (kept connection) ─────────────────────▶ await_response ──▶ over
///   └─────▶ resolve ──▶ connect (each address) ──▶ opened ──┘  │
///              ▲                                               │
///              └──── the kept connection was closed ───────────┘ once, before any byte of a response
/// ```
///
/// Lives until the loop's next turn at least once the call is destroyed, for that may happen in any of the handler's callbacks.
///
/// One cache line is touched for each read of the body: hence the order of its members, and `unanswered`.
class alignas(64) exchange final : public byte_stream_handler, public std::enable_shared_from_this<exchange> {
public:
  exchange(std::shared_ptr<upstream_pool> from, std::shared_ptr<const upstream> at, wire::upstream_request what,
           upstream_handler& handler)
    : handler_(&handler), pool_(std::move(from)), asking_(std::make_unique<unanswered>()) {
    asking_->at = std::move(at);
    asking_->what = std::move(what);
  }

  void begin() {
    if (!handler_)
      return;
    auto& asking = *asking_;
    auto to = parse_base_url(asking.at->base_url);
    if (!to)
      return fail_with(ec::upstream_unreachable, "The provider's base_url is not an http or https URL.");
    asking.to = std::move(*to);
    auto head = make_head(asking.to, asking.what);
    if (!head)
      return fail_with(ec::upstream_rejected, "A header of the provider's configuration contains a control character.");
    asking.head = std::move(*head);
    asking.what.headers.clear();
    key_ = (asking.to.tls ? "https://" : "http://") + asking.to.authority + ' ' + asking.at->ca_file;
    if (asking.to.tls) {
      auto made = tls_context::for_client(asking.at->ca_file);
      if (!made)
        return fail_with(made.error().code, made.error().message);
      asking.tls = std::move(*made);
    }
    stream_ = pool_->take(key_);
    if (!stream_)
      return dial();
    reused_ = true;
    stream_->set_handler(*this);
    send();
  }

  void cancel() {
    handler_ = nullptr;
    asking_.reset();
    stream_.reset();
  }

  reactor& loop() const { return pool_->loop; }

  // -- the stream's callbacks ----------------------------------------------------------------------------------------

  void opened() override {
    asking_->timer.reset();
    send();
  }

  void received(std::string_view bytes) override {
    if (!std::exchange(answered_, true))
      asking_.reset();
    while (handler_) {
      std::string_view piece;
      switch (response_.next(bytes, piece)) {
      case upstream_response::found::nothing:
        return;
      case upstream_response::found::head:
        handler_->responded(response_.status(), response_.retry_after());
        break;
      case upstream_response::found::body:
        handler_->received(piece);
        break;
      case upstream_response::found::whole:
        return complete(response_.keep_alive() && bytes.empty() && stream_->unsent() == 0);
      case upstream_response::found::malformed:
        return fail_with(ec::upstream_malformed,
                         "The provider's response can't be read: " + std::string{response_.error()} + ".");
      }
    }
  }

  void peer_closed() override { lost("it was closed", true); }

  void broken(std::string_view why) override {
    if (sent_)
      return lost(why, false);
    asking_->last_error = why;
    try_next_address();
  }

private:
  /// What is needed until a response begins.
  struct unanswered {
    std::shared_ptr<const upstream> at;
    /// Headers until `head` is made, the body until it can't be needed again.
    wire::upstream_request what;
    origin to;
    std::string head;
    std::shared_ptr<const tls_context> tls;
    upstream_resolver::addresses addresses;
    std::string last_error;
    std::optional<loop_timer> timer;
  };

  // -- connecting ----------------------------------------------------------------------------------------------------

  void dial() {
    sent_ = false;
    asking_->addresses.clear();
    auto host = asking_->to.host; // an answer that comes at once may end this exchange
    pool_->names.resolve(host, asking_->to.port, [weak = weak_from_this()](const expected<upstream_resolver::addresses>& found) {
      auto self = weak.lock();
      if (!self || !self->handler_)
        return;
      if (!found)
        return self->fail_with(ec::upstream_unreachable, "The provider's name can't be resolved: " + found.error().message + ".");
      // The last one first, as they are taken from the back.
      self->asking_->addresses.assign(found->rbegin(), found->rend());
      self->try_next_address();
    });
  }

  void try_next_address() {
    auto& asking = *asking_;
    asking.timer.reset();
    if (asking.addresses.empty())
      return fail_with(ec::upstream_unreachable, "No connection to the provider: " + asking.last_error + ".");
    auto address = asking.addresses.back();
    asking.addresses.pop_back();
    stream_ = byte_stream::connect(pool_->loop, address, asking.tls.get(), asking.to.host, *this);
    if (asking.addresses.empty())
      return;
    asking.timer.emplace(pool_->loop, [this] {
      if (!handler_ || sent_)
        return;
      asking_->last_error = "it took too long";
      try_next_address();
    });
    asking.timer->set(steady::now() + pool_->settings.address_time);
  }

  // -- the request ---------------------------------------------------------------------------------------------------

  void send() {
    check(handler_ && stream_, "a request is sent for somebody, on a connection");
    sent_ = true;
    if (!std::exchange(told_connected_, true)) {
      handler_->connected();
      if (!handler_)
        return;
    }
    std::string_view pieces[] = {asking_->head, asking_->what.body};
    stream_->write(pieces);
    if (reused_)
      return; // it may be needed again
    asking_->head = {};
    asking_->what.body = {};
  }

  // -- its end -------------------------------------------------------------------------------------------------------

  void lost(std::string_view why, bool properly) {
    if (!answered_ && std::exchange(reused_, false)) {
      // It was closed while it lay idle, and our request crossed the farewell: nobody has read it.
      stream_.reset();
      return dial();
    }
    if (properly && answered_ && response_.end() == upstream_response::found::whole)
      return complete(false);
    if (!answered_)
      return fail_with(ec::upstream_unreachable,
                       "The provider closed the connection without a response: " + std::string{why} + ".");
    fail_with(ec::upstream_truncated, "The connection to the provider ended within its response: " + std::string{why} + ".");
  }

  void complete(bool keep) {
    if (keep)
      pool_->put(key_, std::move(stream_));
    stream_.reset();
    checked(std::exchange(handler_, nullptr), "a response ends once").ended();
  }

  void fail_with(ec code, std::string message) {
    asking_.reset();
    stream_.reset();
    if (auto* handler = std::exchange(handler_, nullptr))
      handler->failed(failure{code, std::move(message), {}});
  }

  /// Null once the last callback was made, or the call was destroyed.
  upstream_handler* handler_;
  /// The connection had served before.
  bool reused_ = false;
  bool told_connected_ = false;
  /// The request was handed to the stream.
  bool sent_ = false;
  /// A byte of a response came.
  bool answered_ = false;
  upstream_response response_;
  byte_stream_ptr stream_;
  const std::shared_ptr<upstream_pool> pool_;
  /// What the connection is kept under once the response is whole.
  std::string key_;
  /// Null once a response has begun, and once the exchange is over.
  std::unique_ptr<unanswered> asking_;
};

class exchange_call final : public upstream_call {
public:
  explicit exchange_call(std::shared_ptr<exchange> made) : exchange_(std::move(made)) {}
  ~exchange_call() override {
    exchange_->cancel();
    auto& loop = exchange_->loop();
    loop.post([gone = std::move(exchange_)] {});
  }
  exchange_call(const exchange_call&) = delete;
  exchange_call& operator=(const exchange_call&) = delete;

private:
  std::shared_ptr<exchange> exchange_;
};

} // namespace

// -- interface -------------------------------------------------------------------------------------------------------

upstream_client::upstream_client(reactor& loop, upstream_client_settings settings)
  : pool_(std::make_shared<upstream_pool>(loop, settings)) {}

upstream_client::~upstream_client() {
  pool_->close();
}

std::unique_ptr<upstream_call> upstream_client::call(const std::shared_ptr<const upstream>& at, wire::upstream_request what,
                                                     upstream_handler& handler) {
  if (at->kind == provider_kind::demo)
    return call_demo(pool_->loop, what, handler);
  auto made = std::make_shared<exchange>(pool_, at, std::move(what), handler);
  pool_->loop.post([made] { made->begin(); });
  return std::make_unique<exchange_call>(std::move(made));
}

std::size_t upstream_client::idle_connections() const {
  return pool_->size();
}

} // namespace parley::net
