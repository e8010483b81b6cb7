#include "net/stream/tls.hpp"

#include "net/stream/shared_buffers.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <map>
#include <mutex>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace parley::net {

namespace {

/// The newest reason in OpenSSL's queue, which is emptied.
std::string newest_reason() {
  std::string reason;
  while (auto code = ERR_get_error())
    if (auto* text = ERR_reason_error_string(code))
      reason = text;
  return reason.empty() ? "TLS failure" : reason;
}

bool is_literal_address(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 || inet_pton(AF_INET6, host.c_str(), address) == 1;
}

constexpr unsigned char http_1_1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered, unsigned offered_size,
                    void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, http_1_1, sizeof(http_1_1), offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

std::string_view in_one(std::span<const std::string_view> pieces, std::string& buffer) {
  if (pieces.size() == 1)
    return pieces.front();
  buffer.clear();
  for (auto piece : pieces)
    buffer.append(piece);
  return buffer;
}

void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Thousands of connections wait for a token at any time: their record buffers (34 KiB each) are not to wait with them.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

} // namespace

// -- context ---------------------------------------------------------------------------------------------------------

expected<std::shared_ptr<const tls_context>> tls_context::for_server(const std::string& certificate_file,
                                                                     const std::string& key_file) {
  ERR_clear_error();
  std::shared_ptr<const tls_context> made{new tls_context(SSL_CTX_new(TLS_server_method()), true)};
  auto* context = made->native();
  set_common_options(context);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1)
    return fail(ec::invalid_request, "the certificate can't be used: " + newest_reason());
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(ec::invalid_request, "the key can't be used: " + newest_reason());
  if (SSL_CTX_check_private_key(context) != 1)
    return fail(ec::invalid_request, "the key isn't the certificate's");
  return made;
}

expected<std::shared_ptr<const tls_context>> tls_context::for_client(const std::string& ca_file) {
  static std::mutex guard;
  static std::map<std::string, std::shared_ptr<const tls_context>> known;
  std::lock_guard<std::mutex> lock{guard};
  if (auto found = known.find(ca_file); found != known.end())
    return found->second;

  ERR_clear_error();
  std::shared_ptr<const tls_context> made{new tls_context(SSL_CTX_new(TLS_client_method()), false)};
  auto* context = made->native();
  set_common_options(context);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context, http_1_1, sizeof(http_1_1));
  // A machine without authorities of its own is fine as long as `ca_file` has those that are needed.
  SSL_CTX_set_default_verify_paths(context);
  if (!ca_file.empty() && SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1)
    return fail(ec::upstream_unreachable, "the provider's ca_file can't be used: " + newest_reason());
  ERR_clear_error();
  known.emplace(ca_file, made);
  return made;
}

tls_context::~tls_context() {
  SSL_CTX_free(context_);
}

// -- engine ----------------------------------------------------------------------------------------------------------

/// OpenSSL's view of the engine's two ends: reads what was fed, appends to `outgoing_`.
struct engine_bio {
  static int read(BIO* bio, char* to, std::size_t size, std::size_t* taken) {
    auto& engine = *static_cast<tls_engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (engine.incoming_.empty()) {
      BIO_set_retry_read(bio);
      return 0;
    }
    *taken = std::min(size, engine.incoming_.size());
    std::memcpy(to, engine.incoming_.data(), *taken);
    engine.incoming_.remove_prefix(*taken);
    return 1;
  }

  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* taken) {
    auto& engine = *static_cast<tls_engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    engine.outgoing_->append(from, size);
    *taken = size;
    return 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      auto* it = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "parley");
      BIO_meth_set_read_ex(it, read);
      BIO_meth_set_write_ex(it, write);
      BIO_meth_set_ctrl(it, control);
      return it;
    }();
    return made;
  }
};

tls_engine::tls_engine(const tls_context& context, const std::string& host) : ssl_(SSL_new(context.native())) {
  auto* bio = BIO_new(engine_bio::method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  if (context.is_server()) {
    SSL_set_accept_state(ssl_);
    return;
  }
  SSL_set_connect_state(ssl_);
  if (is_literal_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str());
  } else {
    // The name in the ClientHello (SNI). OpenSSL copies it; its macro for this has a C cast.
    SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
    SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(ssl_, host.c_str());
  }
}

tls_engine::~tls_engine() {
  SSL_free(ssl_);
}

tls_engine::progress tls_engine::judge(int result) {
  switch (SSL_get_error(ssl_, result)) {
  case SSL_ERROR_NONE:
    return progress::done;
  case SSL_ERROR_WANT_READ:
    return progress::needs_more;
  case SSL_ERROR_ZERO_RETURN:
    return progress::peer_closed;
  default:
    error_ = newest_reason();
    if (auto verdict = SSL_get_verify_result(ssl_); verdict != X509_V_OK)
      error_.append(": ").append(X509_verify_cert_error_string(verdict));
    return progress::failed;
  }
}

tls_engine::progress tls_engine::handshake(std::string& out) {
  outgoing_ = &out;
  ERR_clear_error();
  return judge(SSL_do_handshake(ssl_));
}

tls_engine::progress tls_engine::open(std::span<char> into, std::size_t& size, std::string& out) {
  outgoing_ = &out;
  size = 0;
  while (size < into.size()) {
    ERR_clear_error();
    std::size_t got = 0;
    auto result = SSL_read_ex(ssl_, into.data() + size, into.size() - size, &got);
    size += got;
    if (auto how = judge(result); how != progress::done)
      return how;
  }
  return progress::done;
}

bool tls_engine::seal(std::span<const std::string_view> plain, std::string& out) {
  outgoing_ = &out;
  auto all = in_one(plain, buffers().plain);
  if (all.empty())
    return true;
  ERR_clear_error();
  std::size_t written = 0;
  return judge(SSL_write_ex(ssl_, all.data(), all.size(), &written)) == progress::done;
}

void tls_engine::finish(std::string& out) {
  outgoing_ = &out;
  ERR_clear_error();
  SSL_shutdown(ssl_);
}

} // namespace parley::net
