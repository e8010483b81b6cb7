#pragma once
// What a feed tells its subscribers, as WebSocket frames: encoded once for all of them.

#include "actors/watching/api.hpp"

namespace parley {

/// A run of the session that is watched.
struct watched_run {
  run_id run;
  log_actor log;
  /// They say that its messages are there.
  frame_ptr created;
};

watched_run encoded(const run_announced& what);

/// A change of the session, for all but the subscriber `except`.
struct watched_change {
  frame_ptr frames;
  std::uint64_t except = 0;
  /// The session was deleted: these are its last frames.
  bool is_last = false;
};

watched_change encoded(const session_announced& what);

/// `connection_established`, without what `from` asked for, or with it (`recovered`).
frame_ptr greeting(const session_state_view& state, const std::optional<wire::cursor>& from, bool recovered);

/// `session_state`
frame_ptr state_frames(const session_state_view& state);

frame_ptr both(const frame_ptr& first, const frame_ptr& second);

/// `error`
frame_ptr error_frames(const failure& why);

} // namespace parley
