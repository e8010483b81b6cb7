#pragma once
// Where a reader is in a run's log, as clients name it (`docs/protocol.md`, "Resuming").

#include "core/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::wire {

/// `<run id>:<offset>`
std::string to_cursor(run_id run, std::uint64_t offset);

struct cursor {
  run_id run;
  std::uint64_t offset = 0;
};

/// Nothing for what `to_cursor` would not write.
std::optional<cursor> parse_cursor(std::string_view text);

} // namespace parley::wire
