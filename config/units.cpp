#include "config/units.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace parley::config {

namespace {

struct unit {
  std::string_view name;
  std::int64_t size;
};

// From the largest to the smallest.
constexpr std::array<unit, 5> durations{{{"d", 86'400'000}, {"h", 3'600'000}, {"min", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<unit, 4> sizes{{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}};

constexpr std::int64_t longest = 3'600'000LL * 24 * 366 * 10;
constexpr std::int64_t largest = 1LL << 60;

/// The number and what follows it.
std::optional<std::pair<std::int64_t, std::string_view>> split(std::string_view text) {
  std::int64_t number = 0;
  auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || number < 0)
    return std::nullopt;
  auto name = text.substr(static_cast<std::size_t>(rest - text.data()));
  if (name.starts_with(' '))
    name.remove_prefix(1);
  return std::pair{number, name};
}

template <std::size_t N>
std::optional<std::int64_t> scale(const std::array<unit, N>& units, std::int64_t number, std::string_view name,
                                  std::int64_t most) {
  for (auto& [known, size] : units)
    if (known == name)
      return number <= most / size ? std::optional{number * size} : std::nullopt;
  return std::nullopt;
}

template <std::size_t N>
std::string write(const std::array<unit, N>& units, std::int64_t value) {
  for (auto& [name, size] : units)
    if (value % size == 0 && value >= size)
      return std::to_string(value / size).append(name);
  return std::to_string(value).append(units[N - 1].name);
}

} // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto parts = split(text);
  if (!parts)
    return std::nullopt;
  auto value = scale(durations, parts->first, parts->second, longest);
  return value ? std::optional{std::chrono::milliseconds{*value}} : std::nullopt;
}

std::string write_duration(std::chrono::milliseconds duration) {
  return duration.count() == 0 ? "0s" : write(durations, duration.count());
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  auto parts = split(text);
  if (!parts)
    return std::nullopt;
  return scale(sizes, parts->first, parts->second.empty() ? "B" : parts->second, largest - 1);
}

std::string write_bytes(std::int64_t bytes) {
  return write(sizes, bytes);
}

} // namespace parley::config
