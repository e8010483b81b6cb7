#pragma once
// Where the node keeps finished answers while its store is away: a SQLite file in its own folder.

#include "core/store_request.hpp"

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace parley::persistence {

/// An answer that waits, with its number in the spool.
struct spooled_answer {
  std::int64_t number = 0;
  store_answer what;
};

/// A queue that outlives the process: added to at its end, taken from its beginning, and removed from only when what was taken
/// is safe elsewhere. Any thread; calls block for the disk. Throws nothing; what fails is `ec::store_unavailable`.
class spool {
public:
  /// Makes the file if it isn't there. `max_bytes` bounds the database; beyond it answers are refused. Fails with a sentence;
  /// `ec::unavailable`, since waiting doesn't help.
  static expected<std::unique_ptr<spool>> open(const std::filesystem::path& file, std::int64_t max_bytes);

  ~spool();

  /// On the disk when it returns. One result for each: a full spool may take a short answer and refuse a long one. The same
  /// answer once more is no failure, and takes no second place.
  std::vector<expected<void>> add(std::span<const store_answer> answers);

  /// From the oldest on, as many as one transaction should carry.
  expected<std::vector<spooled_answer>> oldest();

  /// They are safe elsewhere.
  expected<void> remove(std::span<const std::int64_t> numbers);

  /// The store has refused it for good: it stays in the file, with the reason, for a person to look at, and `oldest` passes it
  /// over.
  expected<void> set_aside(std::int64_t number, std::string_view reason);

private:
  class file;

  explicit spool(std::unique_ptr<file> in);

  std::unique_ptr<file> in_;
};

} // namespace parley::persistence
