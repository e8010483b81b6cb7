#include "persistence/store/stored_error.hpp"

namespace parley::persistence {

std::optional<ec> parse_ec(std::string_view text) {
  for (auto code = ec::invalid_request; code <= ec::fenced; code = static_cast<ec>(static_cast<int>(code) + 1))
    if (name(code) == text)
      return code;
  return std::nullopt;
}

} // namespace parley::persistence
