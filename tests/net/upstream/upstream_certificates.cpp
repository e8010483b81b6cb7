#include "tests/net/upstream/upstream_certificates.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <unistd.h>

namespace parley::net {

namespace {

struct releases {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(std::FILE* file) const { std::fclose(file); }
};

using key_ptr = std::unique_ptr<EVP_PKEY, releases>;
using certificate_ptr = std::unique_ptr<X509, releases>;
using file_ptr = std::unique_ptr<std::FILE, releases>;

void add_extension(X509* to, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, releases> made{X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
  X509_add_ext(to, made.get(), -1);
}

certificate_ptr make_certificate(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key, int days,
                                 const std::string& alternative_names) {
  static long serial = 0;
  certificate_ptr made{X509_new()};
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  constexpr long day = 24 * 60 * 60;
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -2 * day);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), days * day);
  X509_set_pubkey(made.get(), key);
  auto* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer ? issuer : made.get()));
  auto is_authority = issuer == nullptr;
  add_extension(made.get(), issuer ? issuer : made.get(), NID_basic_constraints,
                is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!is_authority)
    add_extension(made.get(), issuer, NID_subject_alt_name, alternative_names);
  X509_sign(made.get(), issuer_key, EVP_sha256());
  return made;
}

void write_certificate(const std::string& path, X509* certificate) {
  file_ptr file{std::fopen(path.c_str(), "w")};
  PEM_write_X509(file.get(), certificate);
}

void write_key(const std::string& path, EVP_PKEY* key) {
  file_ptr file{std::fopen(path.c_str(), "w")};
  PEM_write_PrivateKey(file.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
}

} // namespace

certificate_folder::certificate_folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "parley-certificates-XXXXXX").string();
  if (!::mkdtemp(pattern.data()))
    throw std::runtime_error{"no temporary folder"};
  folder_ = pattern;
  key_ptr key{EVP_EC_gen("P-256")};
  auto certificate = make_certificate("Parley's test authority", key.get(), nullptr, key.get(), 1, "");
  write_certificate(ca_file(), certificate.get());
  write_key((folder_ / "ca.key").string(), key.get());
}

certificate_folder::~certificate_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

certificate_folder::pair certificate_folder::certify(const std::string& file_name, const std::string& names, int days) const {
  file_ptr ca_key_file{std::fopen((folder_ / "ca.key").c_str(), "r")};
  key_ptr ca_key{PEM_read_PrivateKey(ca_key_file.get(), nullptr, nullptr, nullptr)};
  file_ptr ca_certificate_file{std::fopen(ca_file().c_str(), "r")};
  certificate_ptr ca{PEM_read_X509(ca_certificate_file.get(), nullptr, nullptr, nullptr)};

  key_ptr key{EVP_EC_gen("P-256")};
  auto certificate = make_certificate("a test server", key.get(), ca.get(), ca_key.get(), days, names);
  pair files{(folder_ / (file_name + ".pem")).string(), (folder_ / (file_name + ".key")).string()};
  write_certificate(files.certificate_file, certificate.get());
  write_key(files.key_file, key.get());
  return files;
}

} // namespace parley::net
