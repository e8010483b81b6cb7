#pragma once
// A store's tables as rows of texts, the same whichever store they are from: what `copy_store` reads and writes. Columns are
// found by their names, so that a new one is copied without a change here.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace parley::persistence {

enum class copied_table { sessions, messages, answer_pieces, votes, comparisons };

constexpr std::string_view name(copied_table which) {
  switch (which) {
  case copied_table::sessions:
    return "sessions";
  case copied_table::messages:
    return "messages";
  case copied_table::answer_pieces:
    return "answer_pieces";
  case copied_table::votes:
    return "votes";
  case copied_table::comparisons:
    return "comparisons";
  }
  return {};
}

/// Ids as UUIDs, times in milliseconds since 1970 (0 for none), true and false as 1 and 0, JSON as it is; nothing for NULL.
using copied_row = std::vector<std::optional<std::string>>;

using column_names = std::vector<std::string>;

/// Says all that is to be said, unlike other exceptions, which are a part of a sentence about their store.
class copy_refused : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// One store. What goes wrong is thrown.
class copied_store {
public:
  virtual ~copied_store() = default;

  /// Runs `work` in one transaction: a snapshot for a source, all or nothing for a target.
  virtual void in_transaction(const std::function<void()>& work) = 0;

  // Within `work`:

  /// Without those that are a store's own: how it orders its messages, which node a session belongs to.
  virtual column_names columns(copied_table of) = 0;

  virtual std::int64_t count(copied_table of) = 0;

  /// Begins to read a table: messages as they were created, pieces in their order.
  virtual void start_reading(copied_table which, const column_names& columns) = 0;

  /// Some of the rows that follow; none at the end.
  virtual std::vector<copied_row> next_rows() = 0;

  virtual void add(copied_table to, const column_names& columns, const std::vector<copied_row>& rows) = 0;
};

enum class copy_role { source, target };

std::unique_ptr<copied_store> open_sqlite_to_copy(const std::string& file, copy_role role);
std::unique_ptr<copied_store> open_postgres_to_copy(const std::string& url, copy_role role);

/// Rows that are in memory at a time. A long answer is megabytes.
inline constexpr std::size_t rows_at_once = 64;

} // namespace parley::persistence
