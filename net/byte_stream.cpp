#include "net/byte_stream.hpp"

#include "net/tls.hpp"

#include <utility> // before Asio, whose awaitable.hpp forgets it

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>

namespace parley::net {

namespace asio = boost::asio;

namespace {

/// One read's most. A read that fills it is followed by another at once, a few times, for fairness' sake.
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

class stream final : public byte_stream, public std::enable_shared_from_this<stream> {
public:
  stream(asio::io_context& loop, byte_stream_handler& handler) : socket_(loop.get_executor()), handler_(&handler) {}

  // -- beginning -----------------------------------------------------------------------------------------------------

  void accept(int socket, const tls_context* tls) {
    if (!adopt(socket))
      return;
    if (tls)
      tls_ = std::make_unique<tls_engine>(*tls, std::string{});
    later([this] { begin(); });
  }

  void connect(const sockaddr_storage& to, const tls_context* tls, const std::string& host) {
    int socket = ::socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0)
      return fail_later(describe(errno));
    if (!adopt(socket))
      return;
    if (tls)
      tls_ = std::make_unique<tls_engine>(*tls, host);
    if (::connect(socket, generic(to), length_of(to)) == 0)
      later([this] { begin(); });
    else if (errno == EINPROGRESS)
      socket_.async_wait(asio::posix::descriptor_base::wait_write,
                         [self = shared_from_this()](const boost::system::error_code& error) {
                           if (!error && !self->over_)
                             self->connected();
                         });
    else
      fail_later(describe(errno));
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
    ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof(most));
  }

  void pause_reading() override { reading_ = false; }

  void resume_reading() override {
    if (std::exchange(reading_, true) || over_ || !open_)
      return;
    if (tls_ && !peer_closed_)
      later([this] {
        if (reading_)
          take_kept();
      });
    else
      wait_readable();
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
      ::shutdown(socket_.native_handle(), SHUT_WR);
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
    if (!socket_.is_open() || ::getpeername(const_cast<stream*>(this)->socket_.native_handle(), generic_address, &size) != 0)
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
  bool adopt(int socket) {
    boost::system::error_code error;
    socket_.assign(socket, error);
    if (error) {
      ::close(socket);
      fail_later(error.message());
      return false;
    }
    // Tokens are small and urgent: Nagle's algorithm would hold them back until the peer acknowledges the one before.
    int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return true;
  }

  void connected() {
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0)
      error = errno;
    if (error != 0)
      return fail(describe(error));
    // Having waited to write, Asio would watch for that for good, and each wait to read would wake at once, for nothing.
    if (adopt(socket_.release()))
      begin();
  }

  void begin() {
    if (tls_) {
      agree({});
      if (!over_)
        wait_readable();
      return;
    }
    open_ = true;
    handler_->opened();
    if (!over_ && reading_)
      wait_readable();
  }

  // -- reading -------------------------------------------------------------------------------------------------------

  bool wants_bytes() const { return reading_ || !open_; }

  /// Waiting and then reading once costs one system call less than Asio's reads, which try first and mostly in vain.
  void wait_readable() {
    if (over_ || peer_closed_ || std::exchange(waiting_to_read_, true))
      return;
    socket_.async_wait(asio::posix::descriptor_base::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         self->waiting_to_read_ = false;
                         if (!error && !self->over_ && self->wants_bytes())
                           self->read();
                       });
  }

  void read() {
    auto& incoming = buffers().incoming;
    for (int i = 0; i < reads_at_once; ++i) {
      auto got = ::recv(socket_.native_handle(), incoming.data(), incoming.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0 && errno == EAGAIN)
        break;
      if (got < 0)
        return fail(describe(errno));
      if (got == 0)
        return ended();
      std::string_view bytes{incoming.data(), static_cast<std::size_t>(got)};
      if (!tls_)
        handler_->received(bytes);
      else if (!open_)
        agree(bytes);
      else
        unseal(bytes);
      if (over_ || peer_closed_ || !wants_bytes())
        return;
      if (bytes.size() < incoming.size())
        break;
    }
    wait_readable();
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
    unseal(std::exchange(kept_sealed_, {}));
    if (!over_ && reading_)
      wait_readable();
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
    if (unsent() > 0)
      wait_writable();
  }

  /// Bytes that the socket took; all of them where it is broken, for they don't matter any more.
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
      auto taken = now.size() == 1 ? ::send(socket_.native_handle(), now[0].data(), size, MSG_DONTWAIT | MSG_NOSIGNAL)
                                   : ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (taken < 0 && (errno == EAGAIN || errno == EINTR))
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

  void wait_writable() {
    if (over_ || std::exchange(waiting_to_write_, true))
      return;
    socket_.async_wait(asio::posix::descriptor_base::wait_write,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         self->waiting_to_write_ = false;
                         if (!error && !self->over_)
                           self->write_on();
                       });
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
      return wait_writable();
    }
    unsent_ = {};
    unsent_at_ = 0;
    if (finishing_)
      ::shutdown(socket_.native_handle(), SHUT_WR);
    if (open_)
      handler_->drained();
  }

  // -- ending --------------------------------------------------------------------------------------------------------

  void close_socket() {
    boost::system::error_code ignored;
    socket_.close(ignored);
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
    asio::post(socket_.get_executor(), [self = shared_from_this(), why = std::move(why)] {
      self->close_socket();
      if (auto* handler = std::exchange(self->handler_, nullptr))
        handler->broken(why);
    });
  }

  template <class Step>
  void later(Step step) {
    asio::post(socket_.get_executor(), [self = shared_from_this(), step] {
      if (!self->over_)
        step();
    });
  }

  asio::posix::basic_stream_descriptor<asio::io_context::executor_type> socket_;
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
  bool waiting_to_read_ = false;
  bool waiting_to_write_ = false;
};

} // namespace

void byte_stream_closer::operator()(byte_stream* open) {
  open->close();
  stream.reset();
}

byte_stream_ptr byte_stream::accepted(asio::io_context& loop, int socket, const tls_context* tls, byte_stream_handler& handler) {
  auto made = std::make_shared<stream>(loop, handler);
  made->accept(socket, tls);
  auto* open = made.get();
  return {open, byte_stream_closer{std::move(made)}};
}

byte_stream_ptr byte_stream::connect(asio::io_context& loop, const sockaddr_storage& to, const tls_context* tls,
                                     const std::string& host, byte_stream_handler& handler) {
  auto made = std::make_shared<stream>(loop, handler);
  made->connect(to, tls, host);
  auto* open = made.get();
  return {open, byte_stream_closer{std::move(made)}};
}

} // namespace parley::net
