#include "persistence/store/file_lock.hpp"

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace parley::persistence {

namespace {

std::string content_of(int descriptor) {
  char text[32];
  auto size = ::pread(descriptor, text, sizeof text, 0);
  return {text, size > 0 ? static_cast<std::size_t>(size) : 0};
}

} // namespace

expected<file_lock> file_lock::take(const std::filesystem::path& file) {
  auto descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(ec::unavailable, "cannot open " + file.string() + ": " + std::strerror(errno));
  file_lock held{descriptor};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return fail(ec::unavailable, "it is in use by process " + content_of(descriptor));
    return fail(ec::unavailable, "cannot lock " + file.string() + ": " + std::strerror(errno));
  }
  auto owner = std::to_string(::getpid());
  // For people only: the lock holds without it.
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, owner.data(), owner.size(), 0) < 0)
    return fail(ec::unavailable, "cannot write " + file.string() + ": " + std::strerror(errno));
  return held;
}

file_lock::file_lock(file_lock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

file_lock::~file_lock() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

} // namespace parley::persistence
