#include "actors/sessions/session_life.hpp"

#include <spdlog/spdlog.h>

namespace parley {

std::string_view name(session_phase phase) {
  switch (phase) {
  case session_phase::open:
    return "open";
  case session_phase::reloading:
    return "reloading";
  case session_phase::pausing:
    return "pausing";
  case session_phase::stopping:
    return "stopping";
  case session_phase::removing:
    return "removing";
  case session_phase::removed:
    return "removed";
  }
  return "unknown";
}

void session_life::enter(session_phase next) {
  spdlog::debug("session={} {} -> {}", to_string(id_), name(phase_), name(next));
  phase_ = next;
}

void session_life::owe_reload(std::optional<run_id> over) {
  if (over)
    over_ = over;
  // One that is under way was asked after all that made this one necessary: the store takes requests in their order.
  if (phase_ != session_phase::reloading)
    reload_owed_ = true;
}

bool session_life::begin_reload(bool busy) {
  if (!reload_owed_ || busy || is_going())
    return false;
  reload_owed_ = false;
  enter(session_phase::reloading);
  return true;
}

std::optional<run_id> session_life::reloaded() {
  if (phase_ == session_phase::reloading)
    enter(session_phase::open);
  return std::exchange(over_, std::nullopt);
}

std::uint64_t session_life::reload_failed() {
  reload_owed_ = true;
  if (phase_ == session_phase::reloading)
    enter(session_phase::pausing);
  return ++failed_reloads_;
}

bool session_life::begin_removal() {
  if (phase_ != session_phase::stopping)
    return false;
  enter(session_phase::removing);
  return true;
}

void session_life::tell_waiting(const caf::error* failed) {
  for (auto& go_on : std::exchange(waiting_, {}))
    go_on(failed);
}

} // namespace parley
