#pragma once
// Durations and sizes as the configuration writes them: `250ms`, `10s`, `5min`, `1h`; `4096`, `16KiB`, `1MiB`, `2GiB`.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::config {

/// A whole number with one of the units ms, s, min, h. Nothing for anything else, and for more than ten years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// In the largest unit that needs no fraction.
std::string write_duration(std::chrono::milliseconds duration);

/// A whole number of bytes, or with one of the units B, KiB, MiB, GiB. Nothing for anything else, and for 2^60 or more.
std::optional<std::int64_t> parse_bytes(std::string_view text);

/// In the largest unit that needs no fraction.
std::string write_bytes(std::int64_t bytes);

} // namespace parley::config
