#pragma once
// Error codes as stores keep them: by their names in the public contract.

#include "core/error.hpp"

#include <optional>
#include <string_view>

namespace parley::persistence {

/// The code of that name; nothing for a name that this version doesn't know.
std::optional<ec> parse_ec(std::string_view name);

} // namespace parley::persistence
