#pragma once
// What is refused or tried again. Unlike a fault it is ordinary: one line of the log at the level `debug`, and a count. Any
// thread.

#include "actors/node/faults.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace parley {

/// By the names that `report_setback` was given, since the process began.
std::map<std::string, std::uint64_t, std::less<>> setbacks();

/// `what` names it, as `store_retry`.
void report_setback(std::string_view what, std::string_view why, const log_ids& ids = {});

} // namespace parley
