#pragma once
// TLS 1.2 and up, sans-I/O: what all connections share, and the engine of one connection. `byte_stream` moves the bytes.

#include "core/error.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace parley::net {

/// Certificates, keys and trust. Constant; any thread.
class tls_context {
public:
  /// For a server: PEM files, the certificate with its chain.
  static expected<std::shared_ptr<const tls_context>> for_server(const std::string& certificate_file,
                                                                 const std::string& key_file);

  /// For a client: verifies the peer against the system's authorities, and those of `ca_file` (PEM) unless it is empty.
  /// Reading them takes tens of milliseconds, so each set is read once per process, and kept.
  static expected<std::shared_ptr<const tls_context>> for_client(const std::string& ca_file);

  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  ssl_ctx_st* native() const { return context_; }
  bool is_server() const { return server_; }

private:
  tls_context(ssl_ctx_st* context, bool server) : context_(context), server_(server) {}

  ssl_ctx_st* context_;
  bool server_;
};

/// One connection's TLS. Sealed bytes that are to be sent are appended to `out`, also when a step fails (an alert).
class tls_engine {
public:
  enum class progress : std::uint8_t {
    done,
    /// All that was fed is used up.
    needs_more,
    /// The peer said that it sends nothing more.
    peer_closed,
    /// See `error()`. The connection is of no use any more.
    failed,
  };

  /// `host`, of a client: the name or the literal address that the peer's certificate must be made out to.
  tls_engine(const tls_context& context, const std::string& host);
  ~tls_engine();
  tls_engine(const tls_engine&) = delete;
  tls_engine& operator=(const tls_engine&) = delete;

  /// Sealed bytes from the peer. They must stay until a step says `needs_more`, or until `unused` has saved them.
  void feed(std::string_view sealed) { incoming_ = sealed; }
  std::string_view unused() const { return incoming_; }

  progress handshake(std::string& out);

  /// Opens as much as fits; `size` becomes what it was. May be asked for more until it says `needs_more`.
  progress open(std::span<char> into, std::size_t& size, std::string& out);

  /// After the handshake: all pieces in one record, if they fit. False if it failed.
  bool seal(std::span<const std::string_view> plain, std::string& out);

  /// Says that we send nothing more.
  void finish(std::string& out);

  /// A few words: `certificate verify failed: hostname mismatch`.
  std::string error() const { return error_; }

private:
  friend struct engine_bio;
  progress judge(int result);

  ssl_st* ssl_ = nullptr;
  std::string_view incoming_;
  std::string* outgoing_ = nullptr;
  std::string error_;
};

} // namespace parley::net
