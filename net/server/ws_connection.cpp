#include "net/server/ws_connection.hpp"

#include "net/server/frame_queue.hpp"
#include "net/server/websocket_handshake.hpp"
#include "net/server/websocket_transport.hpp"
#include "net/server/ws_deadlines.hpp"
#include "net/server/ws_subscription.hpp"
#include "wire/clients/ws_messages.hpp"
#include "wire/streams/ws_frames.hpp"

#include "core/text.hpp"

#include <boost/beast/websocket/stream.hpp>
#include <spdlog/spdlog.h>

namespace parley::net {

namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace close_code = wire::close_code;

/// Clients say little: longer messages are put together from pieces of that size.
constexpr std::size_t read_bytes = 512;

constexpr std::string_view ping_frame{"\x89\x00", 2};

/// Close, 1007.
constexpr std::string_view bad_data_frame{"\x88\x02\x03\xef", 4};

class ws_connection final : public subscriber,
                            public swept_connection,
                            public served_connection,
                            private byte_stream_handler,
                            public std::enable_shared_from_this<ws_connection> {
public:
  ws_connection(std::shared_ptr<websockets> all, loop& home, taken_connection taken, const websocket_opening& wanted)
    : all_(std::move(all)), loop_(home), place_(std::move(taken.place)), stream_(std::move(taken.stream)),
      transport_(home, *stream_), wanted_(wanted), client_(home.now()), deadline_(home.now() + settings().close_timeout) {}

  void begin(const http_request& request, std::string_view received_already) {
    entry_ = all_->add(loop_, shared_from_this());
    place_->hold(*this);
    stream_->set_handler(*this);
    stream_->limit_unsent_in_kernel(settings().kernel_buffer_bytes);
    transport_.received(received_already);
    accept(request);
  }

  // -- subscriber -----------------------------------------------------------------------------------------------------

  std::uint64_t number() const override { return feed_.number(); }

  void deliver(const frame_ptr& frames) override {
    if (phase_ != phase::open || transport_.close_sent())
      return;
    if (!deflated_) {
      stream_->write(*frames);
      return;
    }
    if (queue_.push(frames))
      write_through_beast();
  }

  std::size_t unread() const override { return stream_ ? stream_->unsent() + queue_.bytes() : 0; }

  void close(std::uint16_t code, std::string_view reason) override {
    if (phase_ == phase::accepting)
      return end();
    if (phase_ != phase::open)
      return;
    spdlog::debug("{}closing a WebSocket with {}: {}", to_string(ids()), code, reason);
    if (code == close_code::too_slow)
      report_dropped_reader(reader_drop::too_slow, ids());
    begin_closing();
    // Beast may just be closing for a reason of its own.
    if (transport_.close_sent())
      return;
    websocket::close_reason why{code};
    why.reason.assign(reason.data(), std::min(reason.size(), why.reason.max_size()));
    if (queue_.empty())
      send_close(why);
    else
      close_after_queue_ = std::make_unique<websocket::close_reason>(why);
  }

  // -- swept_connection -----------------------------------------------------------------------------------------------

  void sweep(steady::time_point now) override {
    guard([&] { check_deadlines(now); });
  }

  void feed_died(const caf::actor_addr& which) override {
    if (!feed_.is_of(which))
      return;
    report_dropped_reader(reader_drop::defect, ids());
    close(close_code::going_away, "The session can't be watched for now.");
  }

  // -- served_connection ----------------------------------------------------------------------------------------------

  void drain() override { close(close_code::going_away, "This node is shutting down."); }

  void close() override { end(); }

private:
  /// ```
  /// accepting ──▶ open ──▶ closing ──▶ ended
  /// ```
  enum class phase : std::uint8_t {
    /// The handshake's answer is being written.
    accepting,
    open,
    /// A close frame went one way at least: waits for the other, and for the client to end the connection.
    closing,
    ended,
  };

  const websocket_settings& settings() const { return all_->settings(); }

  log_ids ids() const { return {wanted_.session.value_or(session_id{}), {}, wanted_.by.request_id}; }

  /// An exception that leaves a callback ends the connection.
  template <class Step>
  void guard(Step step) {
    auto self = shared_from_this();
    try {
      step();
    } catch (...) {
      report_exception("websocket", ids());
      end();
    }
  }

  void check_deadlines(steady::time_point now) {
    if (phase_ != phase::open) {
      if (now >= deadline_)
        end();
      return;
    }
    if (!message_.empty() && now - message_began_ >= settings().message_timeout)
      return close(close_code::policy, "The message took too long to come.");
    switch (client_.look(now, unread(), stream_->sent(), settings())) {
    case ws_deadlines::due::nothing:
      return;
    case ws_deadlines::due::ping:
      stream_->write(ping_frame);
      return;
    case ws_deadlines::due::no_pong:
      spdlog::debug("{}a WebSocket client answers no ping", to_string(ids()));
      return end();
    case ws_deadlines::due::too_slow:
      return close(close_code::too_slow, "The client doesn't read; reconnect with the last cursor.");
    }
  }

  // -- byte_stream_handler --------------------------------------------------------------------------------------------

  void opened() override {}

  void received(std::string_view bytes) override {
    guard([&] {
      client_.heard(loop_.now());
      transport_.received(bytes);
      loop_.run_guests();
    });
  }

  void peer_closed() override { end(); }

  void broken(std::string_view why) override {
    spdlog::debug("{}a WebSocket connection broke: {}", to_string(ids()), why);
    end();
  }

  void drained() override {
    if (queue_.empty())
      feed_.drained();
  }

  // -- opening --------------------------------------------------------------------------------------------------------

  void accept(const http_request& from) {
    auto request = handshake_request(from);
    websocket_.emplace(transport_);
    websocket_->read_message_max(settings().max_message_bytes);
    websocket_->control_callback([this](websocket::frame_type, beast::string_view) { count_message(); });
    websocket_->set_option(handshake_fields(from.request_id, wanted_.bearer));
    if (settings().deflate)
      websocket_->set_option(deflate_options());
    websocket_->async_accept(request, [self = shared_from_this()](const beast::error_code& error) {
      if (self->phase_ != phase::accepting)
        return;
      if (error)
        return self->end();
      self->guard([&] { self->begin_reading(); });
    });
    loop_.run_guests();
    // Beast has decided by now.
    deflated_ = settings().deflate && offers_deflate(request);
  }

  void begin_reading() {
    phase_ = phase::open;
    if (wanted_.bad_from) {
      say_error({ec::invalid_request, "from must be a cursor: a run's id and an offset, with a colon between them.", "from"});
      close(close_code::policy, "from is no cursor");
    } else if (!wanted_.session) {
      close(close_code::no_such_session, "There is no such session.");
    } else {
      feed_.join(*all_, loop_, *wanted_.session, shared_from_this(), wanted_.from, wanted_.by);
    }
    read_on();
  }

  // -- reading --------------------------------------------------------------------------------------------------------

  void read_on() {
    if (phase_ != phase::open)
      return;
    websocket_->async_read_some(boost::asio::buffer(input_),
                                [self = shared_from_this()](const beast::error_code& error, std::size_t size) {
                                  self->guard([&] { self->has_read(error, size); });
                                });
  }

  void has_read(const beast::error_code& error, std::size_t size) {
    if (phase_ == phase::ended)
      return;
    if (error)
      return closed(error);
    if (message_.empty())
      message_began_ = client_.heard_at();
    message_.append(input_.data(), size);
    if (websocket_->is_message_done()) {
      auto whole = std::exchange(message_, {});
      if (phase_ == phase::open && count_message())
        websocket_->got_text() ? take_message(whole) : close(close_code::unsupported, "Messages are JSON texts.");
    }
    read_on();
  }

  /// False if that was one too many.
  bool count_message() {
    if (phase_ != phase::open)
      return false;
    if (client_.count_message(settings()))
      return true;
    // Not now: this may come from within Beast.
    loop_.post([self = shared_from_this()] { self->close(close_code::policy, "Too many messages."); });
    return false;
  }

  void take_message(const std::string& text) {
    // Beast doesn't see a character that is cut off where the last fragment is empty.
    if (text.find('\0') == std::string::npos && !is_clean_text(text))
      return close(close_code::bad_text, "Texts must be UTF-8.");
    auto said = wire::parse_client_message(text);
    if (!said)
      return say_error(said.error());
    std::visit([this](const auto& what) { take(what); }, *said);
  }

  void take(const wire::client_ping& ping) {
    say([&](std::string& out) { wire::append_pong(out, ping.timestamp); });
  }

  void take(const wire::client_wants_state&) { feed_.wants_state(); }

  void take(const wire::client_typing& what) { feed_.types(what.is_typing); }

  // -- writing --------------------------------------------------------------------------------------------------------

  template <class Append>
  void say(Append append) {
    auto frames = std::make_shared<std::string>();
    append(*frames);
    deliver(frames);
  }

  void say_error(const failure& why) {
    say([&](std::string& out) { wire::append_error(out, why); });
  }

  /// The queue's next frame, as a message of its own, compressed.
  void write_through_beast() {
    auto frames = queue_.first();
    auto payload = queue_.take_payload();
    websocket_->async_write(boost::asio::buffer(payload.data(), payload.size()),
                            [self = shared_from_this(), frames](const beast::error_code& error, std::size_t) {
                              self->guard([&] { self->has_written(error); });
                            });
    loop_.run_guests();
  }

  void has_written(const beast::error_code& error) {
    if (error || phase_ == phase::ended || transport_.close_sent())
      return;
    queue_.written();
    if (!queue_.empty())
      write_through_beast();
    else if (close_after_queue_)
      send_close(*close_after_queue_);
    else if (unread() == 0)
      drained();
  }

  // -- ending ---------------------------------------------------------------------------------------------------------

  void begin_closing() {
    phase_ = phase::closing;
    // The close frame waits behind what the client hasn't taken: who reads on in time gets to know why.
    deadline_ = loop_.now() + (unread() > 0 ? settings().write_timeout : settings().close_timeout);
    leave();
  }

  void send_close(const websocket::close_reason& why) {
    websocket_->async_close(
      why, [self = shared_from_this()](const beast::error_code& error) { self->guard([&] { self->closed(error); }); });
    loop_.run_guests();
  }

  /// Beast has read or written a close frame, or given up.
  void closed(const beast::error_code& error) {
    if (phase_ == phase::ended)
      return;
    auto gave_up = phase_ == phase::open && !transport_.close_sent();
    if (phase_ == phase::open)
      begin_closing();
    // What can't be inflated Beast leaves unanswered.
    if (gave_up && error != boost::asio::error::operation_aborted) {
      stream_->write(bad_data_frame);
      stream_->finish();
    }
  }

  void leave() {
    if (wanted_.session)
      feed_.leave(*all_, loop_, *wanted_.session);
  }

  void end() {
    if (phase_ == phase::ended)
      return;
    auto self = shared_from_this();
    phase_ = phase::ended;
    leave();
    queue_.clear();
    transport_.abort();
    stream_->close();
    all_->remove(loop_, entry_);
    place_.reset();
    // The feed may keep this for a while, and let go of it on any thread; and Beast may be what called.
    loop_.post([self = std::move(self)] {
      self->websocket_.reset();
      self->stream_.reset();
    });
  }

  std::shared_ptr<websockets> all_;
  websockets::connection_list::iterator entry_;
  loop& loop_;
  std::unique_ptr<connection_place> place_;
  byte_stream_ptr stream_;
  websocket_transport transport_;
  std::optional<websocket::stream<websocket_transport&>> websocket_;
  websocket_opening wanted_;
  ws_subscription feed_;

  phase phase_ = phase::accepting;
  bool deflated_ = false;
  ws_deadlines client_;
  /// Of all that is to happen while the connection isn't open.
  steady::time_point deadline_;

  std::array<char, read_bytes> input_;
  /// What came of the current message.
  std::string message_;
  steady::time_point message_began_;

  // with deflate
  frame_queue queue_;
  /// Closing waits for the queue.
  std::unique_ptr<websocket::close_reason> close_after_queue_;
};

} // namespace

void begin_websocket(const std::shared_ptr<websockets>& all, loop& home, const http_request& request, taken_connection taken,
                     const websocket_opening& wanted) {
  auto received = std::move(taken.received);
  std::make_shared<ws_connection>(all, home, std::move(taken), wanted)->begin(request, received);
}

} // namespace parley::net
