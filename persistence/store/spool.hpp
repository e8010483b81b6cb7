#pragma once
// Where the node keeps finished answers while its store is away (`persistence/spool/spool_file.hpp` is the one there is).

#include "core/store_request.hpp"

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
  virtual ~spool() = default;

  /// On the disk when it returns. One result for each: a full spool may take a short answer and refuse a long one. The same
  /// answer once more is no failure, and takes no second place.
  virtual std::vector<expected<void>> add(std::span<const store_answer> answers) = 0;

  /// From the oldest on, as many as one transaction should carry.
  virtual expected<std::vector<spooled_answer>> oldest() = 0;

  /// They are safe elsewhere.
  virtual expected<void> remove(std::span<const std::int64_t> numbers) = 0;

  /// The store has refused it for good: it stays in the file, with the reason, for a person to look at, and `oldest` passes it
  /// over.
  virtual expected<void> set_aside(std::int64_t number, std::string_view reason) = 0;
};

} // namespace parley::persistence
