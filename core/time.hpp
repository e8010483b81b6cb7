#pragma once
// Wall-clock times are milliseconds since 1970 (UTC); deadlines are on the steady clock.

#include <chrono>
#include <cstdint>
#include <string>

namespace parley {

/// Milliseconds since the Unix epoch; 0 stands for "none".
using unix_ms = std::int64_t;

using steady = std::chrono::steady_clock;

/// RFC 3339, UTC, milliseconds: `2026-11-22T21:40:05.123Z`.
std::string to_rfc3339(unix_ms time);

} // namespace parley
