#include "actors/node/setbacks.hpp"

#include <spdlog/spdlog.h>

#include <mutex>

namespace parley {

namespace {

std::mutex mutex;
/// Guarded by `mutex`.
std::map<std::string, std::uint64_t, std::less<>> counts;

} // namespace

std::map<std::string, std::uint64_t, std::less<>> setbacks() {
  std::lock_guard guard{mutex};
  return counts;
}

void report_setback(std::string_view what, std::string_view why, const log_ids& ids) {
  {
    std::lock_guard guard{mutex};
    ++counts[std::string{what}];
  }
  if (spdlog::should_log(spdlog::level::debug))
    spdlog::debug("{}setback={} {}", to_string(ids), what, why);
}

} // namespace parley
