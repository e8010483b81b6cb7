// Over 400 lines, because one connection's reading, writing, TLS and end share one state.

#include "net/stream/byte_stream.hpp"

#include "actors/node/faults.hpp"
#include "net/loop/reactor.hpp"
#include "net/stream/shared_buffers.hpp"
#include "net/stream/tcp_socket.hpp"
#include "net/stream/tls.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace parley::net {

namespace {

/// A read that fills the buffer is followed by another at once, but a few times only, for fairness' sake.
constexpr int reads_at_once = 4;

/// Destroyed by a task of the loop, after all tasks that it posted before: so they, and callbacks that close the stream, may go
/// on using it.
///
/// One cache line is touched for each read and each write that the socket takes whole: hence the order of its members.
class alignas(64) stream final : private socket_watcher, public byte_stream {
public:
  stream(reactor& loop, byte_stream_handler& handler) : handler_(&handler), reactor_(loop) {}

  ~stream() override { close_socket(); }

  // -- beginning -----------------------------------------------------------------------------------------------------

  void accept(int socket, const tls_context* tls) {
    socket_ = socket;
    send_at_once(socket);
    if (tls)
      tls_ = std::make_unique<secured>(*tls, std::string{});
    later([this] {
      if (watch())
        begin();
    });
  }

  void connect(const sockaddr_storage& to, const tls_context* tls, const std::string& host) {
    socket_ = begin_to_connect(to);
    if (socket_ < 0)
      return fail_later(describe_error(errno));
    if (tls)
      tls_ = std::make_unique<secured>(*tls, host);
    connecting_ = true;
    // Told at once if it is connected already: in the loop's next turn.
    watch();
  }

  // -- interface -----------------------------------------------------------------------------------------------------

  void set_handler(byte_stream_handler& handler) override { handler_ = &handler; }

  std::size_t write(std::span<const std::string_view> pieces) override {
    if (over_ || finishing_)
      return unsent();
    if (!tls_) {
      send_or_keep(pieces);
    } else {
      auto& sealed = buffers().sealed;
      sealed.clear();
      if (!tls_->engine.seal(pieces, sealed))
        fail_later(tls_->engine.error());
      else
        send_or_keep(sealed);
    }
    return unsent();
  }

  std::size_t unsent() const override { return unsent_bytes_; }

  std::uint64_t sent() const override { return sent_; }

  void limit_unsent_in_kernel(std::size_t bytes) override { net::limit_unsent_in_kernel(socket_, bytes); }

  void pause_reading() override { reading_ = false; }

  void resume_reading() override {
    if (std::exchange(reading_, true) || over_ || !open_)
      return;
    later([this] {
      if (reading_)
        take_kept();
    });
  }

  void finish() override {
    if (over_ || std::exchange(finishing_, true))
      return;
    if (tls_ && open_) {
      auto& sealed = buffers().sealed;
      sealed.clear();
      tls_->engine.finish(sealed);
      send_or_keep(sealed);
    }
    if (!over_ && unsent() == 0)
      ::shutdown(socket_, SHUT_WR);
  }

  void close() override {
    over_ = true;
    handler_ = nullptr;
    close_socket();
  }

  std::string peer_address() const override { return peer_of(socket_); }

private:
  void dispose() override {
    close();
    reactor_.post([gone = std::shared_ptr<stream>{this}] {});
  }

  bool watch() {
    if (reactor_.watch(socket_, *this))
      return true;
    fail_later(describe_error(errno));
    return false;
  }

  void begin() {
    open_ = !tls_;
    if (tls_)
      agree({});
    else
      handler_->opened();
  }

  // -- news of the socket --------------------------------------------------------------------------------------------

  void socket_changed(std::uint32_t events) override {
    guard([&] { take_news(events); });
  }

  void take_news(std::uint32_t events) {
    constexpr std::uint32_t of_the_end = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    if (connecting_ && !connected(events))
      return;
    if ((events & EPOLLOUT) && unsent() > 0)
      write_on();
    if (events & (EPOLLIN | of_the_end)) {
      readable_ = true;
      ends_ = ends_ || (events & of_the_end);
      read();
    }
  }

  /// False if it isn't yet, or never will be.
  bool connected(std::uint32_t events) {
    if (!(events & (EPOLLOUT | EPOLLHUP | EPOLLERR)))
      return false;
    connecting_ = false;
    if (auto error = error_of(socket_); error != 0) {
      fail(describe_error(error));
      return false;
    }
    begin();
    return true;
  }

  // -- reading -------------------------------------------------------------------------------------------------------

  /// Until there is nothing left: a read that leaves room in the buffer has taken all, but for an end that is known of.
  void read() {
    auto& incoming = buffers().incoming;
    for (int i = 0; i < reads_at_once; ++i) {
      if (over_ || peer_closed_ || !readable_ || (open_ && !reading_))
        return;
      auto got = ::recv(socket_, incoming.data(), incoming.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0 && errno == EAGAIN) {
        readable_ = false;
        return;
      }
      if (got < 0)
        return fail(describe_error(errno));
      if (got == 0)
        return ended();
      readable_ = ends_ || static_cast<std::size_t>(got) == incoming.size();
      std::string_view bytes{incoming.data(), static_cast<std::size_t>(got)};
      if (!tls_)
        handler_->received(bytes);
      else if (!open_)
        agree(bytes);
      else
        unseal(bytes);
    }
    if (readable_)
      later([this] { read(); });
  }

  void ended() {
    // Without a farewell someone in between may have cut the connection: not to be taken for the peer's own end.
    if (tls_)
      return fail(open_ ? "the connection ended without TLS's close_notify" : "the connection ended during the TLS handshake");
    peer_closed_ = true;
    handler_->peer_closed();
  }

  // -- TLS -----------------------------------------------------------------------------------------------------------

  void agree(std::string_view bytes) {
    auto& sealed = buffers().sealed;
    sealed.clear();
    tls_->engine.feed(bytes);
    auto how = tls_->engine.handshake(sealed);
    send_or_keep(sealed);
    if (over_ || how == tls_engine::progress::needs_more)
      return;
    if (how != tls_engine::progress::done)
      return fail(how == tls_engine::progress::failed ? tls_->engine.error() : "the peer ended the TLS handshake");
    open_ = true;
    handler_->opened();
    if (!over_)
      unseal(tls_->engine.unused());
  }

  void unseal(std::string_view bytes) {
    auto& shared = buffers();
    tls_->engine.feed(bytes);
    auto how = tls_engine::progress::done;
    while (how == tls_engine::progress::done) {
      if (!reading_) {
        tls_->kept = tls_->engine.unused();
        return tls_->engine.feed({});
      }
      std::size_t size = 0;
      shared.sealed.clear();
      how = tls_->engine.open(shared.opened, size, shared.sealed);
      send_or_keep(shared.sealed);
      if (!over_ && size > 0)
        handler_->received({shared.opened.data(), size});
      if (over_)
        return;
    }
    if (how == tls_engine::progress::failed)
      return fail(tls_->engine.error());
    if (how == tls_engine::progress::peer_closed) {
      peer_closed_ = true;
      handler_->peer_closed();
    }
  }

  /// What came before a pause and was not opened yet.
  void take_kept() {
    if (tls_ && !peer_closed_)
      unseal(std::exchange(tls_->kept, {}));
    read();
  }

  // -- writing -------------------------------------------------------------------------------------------------------

  void send_or_keep(std::string_view bytes) {
    if (!bytes.empty())
      send_or_keep({&bytes, 1});
  }

  void send_or_keep(std::span<const std::string_view> pieces) {
    std::size_t taken = unsent() == 0 ? send_now(pieces) : 0;
    for (auto piece : pieces) {
      auto skip = std::min(taken, piece.size());
      taken -= skip;
      if (skip == piece.size())
        continue;
      unsent_.append(piece.substr(skip));
      unsent_bytes_ += piece.size() - skip;
    }
  }

  /// Bytes that the socket took; all of them where it is broken, for they don't matter any more. Where it took less than
  /// there is, it tells when it takes more.
  std::size_t send_now(std::span<const std::string_view> pieces) {
    auto [taken, error] = send(socket_, pieces);
    sent_ += taken;
    if (error == 0)
      return taken;
    fail_later(describe_error(error));
    return SIZE_MAX;
  }

  void write_on() {
    std::string_view rest{unsent_};
    rest.remove_prefix(unsent_.size() - unsent_bytes_);
    auto taken = send_now({&rest, 1});
    if (over_)
      return;
    unsent_bytes_ -= taken;
    if (unsent_bytes_ > 0) {
      if (unsent_bytes_ < unsent_.size() / 2)
        unsent_.erase(0, unsent_.size() - unsent_bytes_);
      return;
    }
    std::string{}.swap(unsent_);
    if (finishing_)
      ::shutdown(socket_, SHUT_WR);
    if (open_)
      handler_->drained();
  }

  // -- ending --------------------------------------------------------------------------------------------------------

  void close_socket() {
    if (socket_ == -1)
      return;
    reactor_.forget(socket_, *this);
    ::close(std::exchange(socket_, -1));
  }

  void fail(const std::string& why) {
    if (std::exchange(over_, true))
      return;
    close_socket();
    if (auto* handler = std::exchange(handler_, nullptr))
      handler->broken(why);
  }

  /// From within a call, where no callback may come.
  void fail_later(std::string why) {
    if (std::exchange(over_, true))
      return;
    reactor_.post([this, why = std::move(why)] {
      close_socket();
      if (auto* handler = std::exchange(handler_, nullptr))
        handler->broken(why);
    });
  }

  template <class Step>
  void later(Step step) {
    reactor_.post([this, step] {
      if (!over_)
        guard(step);
    });
  }

  /// An exception that leaves a callback ends the connection.
  template <class Step>
  void guard(Step step) {
    if (!guarded("byte_stream", step))
      fail("an unexpected condition");
  }

  struct secured {
    secured(const tls_context& context, const std::string& host) : engine(context, host) {}

    tls_engine engine;
    /// Sealed bytes that came before a pause.
    std::string kept;
  };

  /// -1 once closed.
  int socket_ = -1;
  /// Connected, and TLS agreed.
  bool open_ = false;
  /// Closed or failed: nothing happens any more but a `broken` that is on its way.
  bool over_ = false;
  bool reading_ = true;
  bool peer_closed_ = false;
  /// `finish` was called.
  bool finishing_ = false;
  /// Waits for the answer to `connect`.
  bool connecting_ = false;
  /// There may be something to read.
  bool readable_ = false;
  /// The last that there is to read is the end, or an error.
  bool ends_ = false;
  /// Null once closed.
  byte_stream_handler* handler_;
  /// Null for plain TCP.
  std::unique_ptr<secured> tls_;
  std::uint64_t sent_ = 0;
  /// What the socket didn't take: the last `unsent_bytes_` of `unsent_`.
  std::size_t unsent_bytes_ = 0;
  std::string unsent_;
  reactor& reactor_;
};

} // namespace

void byte_stream_closer::operator()(byte_stream* open) const {
  open->dispose();
}

byte_stream_ptr byte_stream::accepted(reactor& loop, int socket, const tls_context* tls, byte_stream_handler& handler) {
  auto made = std::make_unique<stream>(loop, handler);
  made->accept(socket, tls);
  return byte_stream_ptr{made.release()};
}

byte_stream_ptr byte_stream::connect(reactor& loop, const sockaddr_storage& to, const tls_context* tls, const std::string& host,
                                     byte_stream_handler& handler) {
  auto made = std::make_unique<stream>(loop, handler);
  made->connect(to, tls, host);
  return byte_stream_ptr{made.release()};
}

} // namespace parley::net
