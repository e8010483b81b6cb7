#pragma once
// One TCP connection's bytes, with or without TLS: both sides of it, servers' and clients', on one loop.
//
// All calls and callbacks are on the thread that runs the `reactor`. No callback comes from within a call; each
// may close or destroy the stream. Nothing is allocated per read or write on the common path: what has come is read once
// into a buffer that all streams of the thread share, so an idle connection holds none.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace parley::net {

class reactor;
class tls_context;

/// Owns a stream and hears of it.
class byte_stream_handler {
public:
  virtual ~byte_stream_handler() = default;

  /// Connected, and TLS is agreed: bytes can be written from now on, and are read without being asked for. The first
  /// callback, also of a stream that was accepted.
  virtual void opened() = 0;

  /// What came, valid in the call only. None comes between `pause_reading` and `resume_reading`.
  virtual void received(std::string_view bytes) = 0;

  /// The peer will send nothing more; with TLS it said so properly. Writing may still be possible.
  virtual void peer_closed() = 0;

  /// `unsent()` fell back to 0.
  virtual void drained() {}

  /// The connection failed, or never came to be; it is closed. The last callback. `why` is for a log: no address in it.
  virtual void broken(std::string_view why) = 0;
};

class byte_stream;

/// Closes the stream at once. It is destroyed in the loop's next turn, because its owner may have been called by it.
struct byte_stream_closer {
  void operator()(byte_stream* open) const;
};

using byte_stream_ptr = std::unique_ptr<byte_stream, byte_stream_closer>;

class byte_stream {
public:
  /// Takes over a connected socket; without `tls` it is plain. Begins the TLS handshake of a server if there is one.
  static byte_stream_ptr accepted(reactor& loop, int socket, const tls_context* tls, byte_stream_handler& handler);

  /// Connects. `host` is what the certificate must be made out to: a name, or a literal address.
  static byte_stream_ptr connect(reactor& loop, const sockaddr_storage& to, const tls_context* tls, const std::string& host,
                                 byte_stream_handler& handler);

  virtual ~byte_stream() = default;

  /// The next callbacks go there: a pooled connection changes hands.
  virtual void set_handler(byte_stream_handler& handler) = 0;

  /// Sends now what the socket takes, without copying it; the rest is copied and sent later, in order. Returns `unsent()`.
  /// The caller bounds it: a stream whose `unsent()` isn't 0 has a slow reader.
  virtual std::size_t write(std::span<const std::string_view> pieces) = 0;

  std::size_t write(std::string_view bytes) { return write({&bytes, 1}); }

  /// Bytes that are waiting for the socket.
  virtual std::size_t unsent() const = 0;

  /// Bytes the socket has taken so far: as long as it rises, the peer reads.
  virtual std::uint64_t sent() const = 0;

  /// How much the kernel keeps of what it hasn't sent yet (TCP_NOTSENT_LOWAT); megabytes otherwise, where a reader stalls.
  virtual void limit_unsent_in_kernel(std::size_t bytes) = 0;

  /// A paused stream notices nothing, not even that the peer has gone.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  /// Ends our direction once all is sent (TLS: close_notify, then FIN). Nothing may be written afterwards; reading goes on.
  virtual void finish() = 0;

  /// At once: no callback comes any more, what is unsent is lost. Destroying the pointer does it too.
  virtual void close() = 0;

  /// `127.0.0.1:40123`; empty if the socket doesn't know (any more).
  virtual std::string peer_address() const = 0;

private:
  friend byte_stream_closer;

  /// Closes it, and has the loop destroy it.
  virtual void dispose() = 0;
};

} // namespace parley::net
