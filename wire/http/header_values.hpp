#pragma once
// Field names and values of HTTP headers (RFC 9110, section 5). They are ASCII, and mostly compare without regard to case.

#include <algorithm>
#include <string>
#include <string_view>

namespace parley::wire {

bool equal_ignoring_case(std::string_view a, std::string_view b);

std::string to_lower(std::string_view text);

/// Without the spaces and tabs around it (section 5.6.3).
std::string_view trim(std::string_view text);

/// Calls `visit` with each element of a comma-separated list (section 5.6.1), trimmed, until it returns true. True if it did.
template <class Visit>
bool any_of_list(std::string_view list, Visit visit) {
  while (!list.empty()) {
    auto element = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), element.size() + 1));
    if (visit(trim(element)))
      return true;
  }
  return false;
}

} // namespace parley::wire
