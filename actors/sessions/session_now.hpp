#pragma once
// A session at the moment when a request comes: what the rules beside its actor go by.

#include "actors/sessions/session_life.hpp"
#include "actors/sessions/session_record.hpp"
#include "actors/sessions/session_runs.hpp"

namespace parley {

struct session_now {
  const node_context& node;
  const session_record& record;
  const session_runs& runs;
  const session_life& life;
};

/// As clients see it.
inline session_view view_of(const session_now& now) {
  session_view result{now.record.about(), std::nullopt};
  if (auto* run = now.runs.shown())
    result.running = run->ids;
  return result;
}

inline failure no_such_session(std::string param = {}) {
  return {ec::not_found, "There is no such session.", std::move(param)};
}

inline failure no_such_message() {
  return {ec::not_found, "There is no such message.", {}};
}

/// Until it is known what is stored.
inline failure being_reloaded() {
  return {ec::unavailable, "The session is being recovered; please try again.", {}};
}

} // namespace parley
