#pragma once
// Moves all conversations from one store to another, of whatever kinds.

#include "core/error.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace parley::persistence {

struct copied_rows {
  std::int64_t sessions = 0;
  std::int64_t messages = 0;
  /// Checkpoints of answers that were under way.
  std::int64_t pieces = 0;
  std::int64_t votes = 0;
  /// The votes that count, of sessions that are gone, too.
  std::int64_t comparisons = 0;

  friend bool operator==(const copied_rows&, const copied_rows&) = default;
};

/// Called now and then: how far it is with which table.
using copy_progress = std::function<void(std::string_view table, std::int64_t done, std::int64_t of)>;

/// `from` and `to` are `postgresql://…`, or the file of an embedded store, which no running Parley may have. All is read from one
/// snapshot and written in one transaction: the target, which must be empty, has afterwards everything or still nothing. It
/// is made, or brought to the newest version, if need be; so is the version of the source. Fails with a sentence that says
/// why; it has no password in it.
expected<copied_rows> copy_store(const std::string& from, const std::string& to, const copy_progress& progress = {});

} // namespace parley::persistence
