#pragma once
// The protocols that providers speak.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// The one list of them. What stands here is the name in the configuration (`kind = "openai"`) and in `provider_kind`; the
/// dialect of that name is the function `openai_dialect()`, defined in `wire/dialects/`. Without it nothing links.
// clang-format off
#define PARLEY_PROVIDER_KINDS(entry) \
  entry(openai)    /* Chat Completions, as many servers speak it */ \
  entry(anthropic) /* Messages */ \
  entry(demo)      /* no network: streams text of its own at a human pace */
// clang-format on

namespace parley {

enum class provider_kind : std::uint8_t {
#define PARLEY_ENTRY(kind) kind,
  PARLEY_PROVIDER_KINDS(PARLEY_ENTRY)
#undef PARLEY_ENTRY
};

constexpr std::array provider_kinds{
#define PARLEY_ENTRY(kind) provider_kind::kind,
  PARLEY_PROVIDER_KINDS(PARLEY_ENTRY)
#undef PARLEY_ENTRY
};

/// By `provider_kind`.
constexpr std::array provider_kind_names{
#define PARLEY_ENTRY(kind) std::string_view{#kind},
  PARLEY_PROVIDER_KINDS(PARLEY_ENTRY)
#undef PARLEY_ENTRY
};

constexpr std::string_view name(provider_kind kind) {
  return provider_kind_names.at(static_cast<std::size_t>(kind));
}

/// Nothing for a name that isn't one.
constexpr std::optional<provider_kind> parse_provider_kind(std::string_view text) {
  for (auto kind : provider_kinds)
    if (name(kind) == text)
      return kind;
  return std::nullopt;
}

} // namespace parley
