#pragma once
// A file that one process has at a time.

#include "core/error.hpp"

#include <filesystem>

namespace parley::persistence {

/// Held until destroyed, or until the process ends in whatever way. The file stays: removing it would let two processes
/// lock two files of one name.
class file_lock {
public:
  /// Makes the file if need be, and writes the process id into it. `ec::unavailable` with the owner's process id if another
  /// has it.
  static expected<file_lock> take(const std::filesystem::path& file);

  file_lock(file_lock&& other) noexcept;
  file_lock& operator=(file_lock&&) = delete;
  ~file_lock();

private:
  explicit file_lock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

} // namespace parley::persistence
