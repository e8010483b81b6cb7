#pragma once
// What TLS connections share: certificates, keys and trust. Made once, then constant; any thread.

#include "core/error.hpp"

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace parley::net {

/// TLS 1.2 and up.
class tls_context {
public:
  /// For a server: PEM files, the certificate with its chain.
  static expected<std::shared_ptr<const tls_context>> for_server(const std::string& certificate_file,
                                                                 const std::string& key_file);

  /// For a client: verifies the peer against the system's authorities, and those of `ca_file` (PEM) unless it is empty.
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

} // namespace parley::net
