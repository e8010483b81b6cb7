#include "actors/node/faults.hpp"

#include "core/check.hpp"

#include <spdlog/spdlog.h>

#include <mutex>

namespace parley {

namespace {

std::mutex mutex;
/// Guarded by `mutex`.
fault_counts counts;

template <class F>
void count(F add) {
  std::lock_guard guard{mutex};
  add(counts);
}

} // namespace

std::string to_string(const log_ids& ids) {
  std::string result;
  if (ids.session)
    result += "session=" + to_string(ids.session) + ' ';
  if (ids.run)
    result += "run=" + to_string(ids.run) + ' ';
  if (!ids.request.empty())
    result += "request=" + ids.request + ' ';
  return result;
}

std::string_view name(reader_drop why) {
  switch (why) {
  case reader_drop::died:
    return "died";
  case reader_drop::too_slow:
    return "too_slow";
  case reader_drop::write_timeout:
    return "write_timeout";
  case reader_drop::defect:
    return "defect";
  }
  return {};
}

fault_counts faults() {
  std::lock_guard guard{mutex};
  return counts;
}

std::string note_exception() {
  auto broken = 0;
  std::string text;
  try {
    throw;
  } catch (const broken_invariant& what) {
    broken = 1;
    text = what.what();
  } catch (const std::exception& what) {
    text = what.what();
  } catch (...) {
    text = "an exception of no known type";
  }
  count([&](fault_counts& all) {
    ++all.exceptions;
    all.broken_invariants += static_cast<std::uint64_t>(broken);
  });
  return text;
}

void report_exception(std::string_view callback, const log_ids& ids) {
  auto text = note_exception();
  spdlog::error("{}callback={} threw: {}", to_string(ids), callback, text);
}

void report_death(std::string_view actor, std::string_view why, const log_ids& ids) {
  count([&](fault_counts& all) { ++all.deaths[std::string{actor}]; });
  spdlog::error("{}actor={} died: {}", to_string(ids), actor, why);
}

void report_dropped_reader(reader_drop why, const log_ids& ids) {
  count([&](fault_counts& all) { ++all.dropped_readers[static_cast<std::size_t>(why)]; });
  auto level = why == reader_drop::died ? spdlog::level::debug : spdlog::level::info;
  if (spdlog::should_log(level))
    spdlog::log(level, "{}reader={} dropped", to_string(ids), name(why));
}

} // namespace parley
