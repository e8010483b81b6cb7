#pragma once
// Certificates made for one test program's run.

#include <filesystem>
#include <string>
#include <vector>

namespace parley::net {

/// A folder with an authority of its own (`ca.pem`), and what it certifies. Removed at the end.
class certificate_folder {
public:
  certificate_folder();
  ~certificate_folder();
  certificate_folder(const certificate_folder&) = delete;
  certificate_folder& operator=(const certificate_folder&) = delete;

  std::string ca_file() const { return (folder_ / "ca.pem").string(); }

  struct pair {
    std::string certificate_file;
    std::string key_file;
  };

  /// A server's certificate for these alternative names, as OpenSSL writes them: `DNS:localhost`, `IP:127.0.0.1`.
  pair certify(const std::string& file_name, const std::string& names, int days = 1) const;

private:
  std::filesystem::path folder_;
};

} // namespace parley::net
