#include "net/stream/byte_stream.hpp"

#include "net/loop/reactor.hpp"
#include "net/stream/tls.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace parley::net {

namespace {

/// One read's most. A read that fills it is followed by another at once, but a few times only, for fairness' sake.
constexpr std::size_t read_bytes = 64 * 1024;
constexpr int reads_at_once = 4;

/// What all streams of a thread use in turns, each only during one step.
struct shared_buffers {
  std::array<char, read_bytes> incoming;
  std::array<char, read_bytes> opened;
  std::string plain;
  std::string sealed;
};

shared_buffers& buffers() {
  // Not in the thread's static storage: only threads that run loops need it.
  static thread_local std::unique_ptr<shared_buffers> mine = std::make_unique<shared_buffers>();
  return *mine;
}

std::string describe(int error) {
  return std::system_category().message(error);
}

socklen_t length_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

const sockaddr* generic(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

class stream final : public byte_stream, private socket_watcher, public std::enable_shared_from_this<stream> {
public:
  stream(reactor& loop, byte_stream_handler& handler) : reactor_(loop), handler_(&handler) {}

  ~stream() override { close_socket(); }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  // -- beginning -----------------------------------------------------------------------------------------------------

  void accept(int socket, const tls_context* tls) {
    adopt(socket);
    if (tls)
      tls_ = std::make_unique<tls_engine>(*tls, std::string{});
    later([this] {
      if (watch())
        begin();
    });
  }

  void connect(const sockaddr_storage& to, const tls_context* tls, const std::string& host) {
    int socket = ::socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0)
      return fail_later(describe(errno));
    adopt(socket);
    if (tls)
      tls_ = std::make_unique<tls_engine>(*tls, host);
    if (::connect(socket, generic(to), length_of(to)) != 0 && errno != EINPROGRESS)
      return fail_later(describe(errno));
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
      auto& shared = buffers();
      shared.sealed.clear();
      if (!tls_->seal(in_one(pieces, shared.plain), shared.sealed))
        fail_later(tls_->error());
      else
        send_or_keep(shared.sealed);
    }
    return unsent();
  }

  std::size_t unsent() const override { return unsent_.size() - unsent_at_; }

  std::uint64_t sent() const override { return sent_; }

  void limit_unsent_in_kernel(std::size_t bytes) override {
    auto most = static_cast<int>(bytes);
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));
  }

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
      tls_->finish(sealed);
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

  std::string peer_address() const override {
    sockaddr_storage address{};
    socklen_t size = sizeof(address);
    char text[INET6_ADDRSTRLEN] = {};
    auto* generic_address = reinterpret_cast<sockaddr*>(&address);
    if (socket_ == -1 || ::getpeername(socket_, generic_address, &size) != 0)
      return {};
    if (address.ss_family == AF_INET6) {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
      inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
      return "[" + std::string{text} + "]:" + std::to_string(ntohs(v6.sin6_port));
    }
    auto& v4 = reinterpret_cast<sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return std::string{text} + ":" + std::to_string(ntohs(v4.sin_port));
  }

private:
  void adopt(int socket) {
    socket_ = socket;
    // Tokens are small and urgent: Nagle's algorithm would hold them back until the peer acknowledges the one before.
    int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }

  bool watch() {
    if (reactor_.watch(socket_, *this))
      return true;
    fail_later(describe(errno));
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
    auto self = shared_from_this();
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
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
      error = errno;
    if (error != 0) {
      fail(describe(error));
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
        return fail(describe(errno));
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
    tls_->feed(bytes);
    auto how = tls_->handshake(sealed);
    send_or_keep(sealed);
    if (over_ || how == tls_engine::progress::needs_more)
      return;
    if (how != tls_engine::progress::done)
      return fail(how == tls_engine::progress::failed ? tls_->error() : "the peer ended the TLS handshake");
    open_ = true;
    handler_->opened();
    if (!over_)
      unseal(tls_->unused());
  }

  void unseal(std::string_view bytes) {
    auto& shared = buffers();
    tls_->feed(bytes);
    auto how = tls_engine::progress::done;
    while (how == tls_engine::progress::done) {
      if (!reading_) {
        kept_sealed_ = tls_->unused();
        return tls_->feed({});
      }
      std::size_t size = 0;
      shared.sealed.clear();
      how = tls_->open(shared.opened, size, shared.sealed);
      send_or_keep(shared.sealed);
      if (!over_ && size > 0)
        handler_->received({shared.opened.data(), size});
      if (over_)
        return;
    }
    if (how == tls_engine::progress::failed)
      return fail(tls_->error());
    if (how == tls_engine::progress::peer_closed) {
      peer_closed_ = true;
      handler_->peer_closed();
    }
  }

  /// What came before a pause and was not opened yet.
  void take_kept() {
    if (tls_ && !peer_closed_)
      unseal(std::exchange(kept_sealed_, {}));
    read();
  }

  // -- writing -------------------------------------------------------------------------------------------------------

  static std::string_view in_one(std::span<const std::string_view> pieces, std::string& buffer) {
    if (pieces.size() == 1)
      return pieces.front();
    buffer.clear();
    for (auto piece : pieces)
      buffer.append(piece);
    return buffer;
  }

  void send_or_keep(std::string_view bytes) {
    if (!bytes.empty())
      send_or_keep({&bytes, 1});
  }

  void send_or_keep(std::span<const std::string_view> pieces) {
    std::size_t taken = unsent() == 0 ? send_now(pieces) : 0;
    for (auto piece : pieces) {
      auto skip = std::min(taken, piece.size());
      taken -= skip;
      unsent_.append(piece.substr(skip));
    }
  }

  /// Bytes that the socket took; all of them where it is broken, for they don't matter any more. Where it took less than
  /// there is, it tells when it takes more.
  std::size_t send_now(std::span<const std::string_view> pieces) {
    std::array<iovec, 16> parts;
    std::size_t total = 0;
    while (!pieces.empty()) {
      auto now = pieces.first(std::min(pieces.size(), parts.size()));
      pieces = pieces.subspan(now.size());
      std::size_t size = 0;
      for (std::size_t i = 0; i < now.size(); ++i) {
        parts[i] = {const_cast<char*>(now[i].data()), now[i].size()};
        size += now[i].size();
      }
      msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = now.size();
      ssize_t taken = 0;
      do
        taken = now.size() == 1 ? ::send(socket_, now[0].data(), size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                : ::sendmsg(socket_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
      while (taken < 0 && errno == EINTR);
      if (taken < 0 && errno == EAGAIN)
        return total;
      if (taken < 0) {
        fail_later(describe(errno));
        return SIZE_MAX;
      }
      sent_ += static_cast<std::size_t>(taken);
      total += static_cast<std::size_t>(taken);
      if (static_cast<std::size_t>(taken) < size)
        return total;
    }
    return total;
  }

  void write_on() {
    std::string_view rest{unsent_};
    rest.remove_prefix(unsent_at_);
    auto taken = send_now({&rest, 1});
    if (over_)
      return;
    unsent_at_ += taken;
    if (unsent() > 0) {
      if (unsent_at_ > unsent_.size() / 2) {
        unsent_.erase(0, unsent_at_);
        unsent_at_ = 0;
      }
      return;
    }
    unsent_ = {};
    unsent_at_ = 0;
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
    reactor_.post([self = shared_from_this(), why = std::move(why)] {
      self->close_socket();
      if (auto* handler = std::exchange(self->handler_, nullptr))
        handler->broken(why);
    });
  }

  template <class Step>
  void later(Step step) {
    reactor_.post([self = shared_from_this(), step] {
      if (!self->over_)
        step();
    });
  }

  reactor& reactor_;
  /// -1 once closed.
  int socket_ = -1;
  /// Null once closed.
  byte_stream_handler* handler_;
  /// Null for plain TCP.
  std::unique_ptr<tls_engine> tls_;
  /// Sealed bytes that came before a pause.
  std::string kept_sealed_;
  /// What the socket didn't take, from `unsent_at_` on.
  std::string unsent_;
  std::size_t unsent_at_ = 0;
  std::uint64_t sent_ = 0;
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
};

} // namespace

void byte_stream_closer::operator()(byte_stream* open) {
  open->close();
  stream.reset();
}

byte_stream_ptr byte_stream::accepted(reactor& loop, int socket, const tls_context* tls, byte_stream_handler& handler) {
  auto made = std::make_shared<stream>(loop, handler);
  made->accept(socket, tls);
  auto* open = made.get();
  return {open, byte_stream_closer{std::move(made)}};
}

byte_stream_ptr byte_stream::connect(reactor& loop, const sockaddr_storage& to, const tls_context* tls, const std::string& host,
                                     byte_stream_handler& handler) {
  auto made = std::make_shared<stream>(loop, handler);
  made->connect(to, tls, host);
  auto* open = made.get();
  return {open, byte_stream_closer{std::move(made)}};
}

} // namespace parley::net
