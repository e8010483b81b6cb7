#pragma once
// A disk that is soon full.

#include <filesystem>
#include <string>

#include <sys/mount.h>
#include <sys/stat.h>

namespace parley::test {

/// Mounted on a folder while it lives, if the system lets us. Belongs to whom the folder belongs.
class small_disk {
public:
  small_disk(std::filesystem::path folder, int megabytes) : folder_(std::move(folder)) {
    ::stat(folder_.c_str(), &about_);
    there_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, options(megabytes).c_str()) == 0;
  }

  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  ~small_disk() {
    // Lazily: a server that is about to end may still have its files open.
    if (there_)
      ::umount2(folder_.c_str(), MNT_DETACH);
  }

  /// False if this process may not mount; then there is nothing to test.
  explicit operator bool() const { return there_; }

  void resize(int megabytes) { ::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT, options(megabytes).c_str()); }

private:
  std::string options(int megabytes) const {
    return "mode=0700,uid=" + std::to_string(about_.st_uid) + ",gid=" + std::to_string(about_.st_gid)
           + ",size=" + std::to_string(megabytes) + "m";
  }

  std::filesystem::path folder_;
  struct stat about_ {};
  bool there_ = false;
};

} // namespace parley::test
