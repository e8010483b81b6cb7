#pragma once
// One who watches a session, as its feed knows it: whether it shares the stream that all have, and where it reads if it doesn't.

#include "actors/watching/feed_frames.hpp"

namespace parley {

/// The end of what somebody was given: none before the first run.
using position = std::optional<wire::cursor>;

inline bool same(const position& a, const position& b) {
  return a.has_value() == b.has_value() && (!a || (a->run == b->run && a->offset == b->offset));
}

/// ```
/// joining ──▶ sharing ◀──▶ alone        and back to joining when the client asks for the state anew
///    └──────────────────────▲
/// ```
enum class watcher_phase { joining, sharing, alone };

struct watcher {
  std::shared_ptr<subscriber> to;
  ask by{};
  watcher_phase phase = watcher_phase::joining;
  /// It wants what followed this.
  std::optional<wire::cursor> from;
  /// It had its `connection_established`.
  bool greeted = false;

  // alone
  position at;
  /// What it reads, or will once it has taken what it was sent.
  log_actor log;
  bool attached = false;
  /// Credit that the log gets when the client has taken what it was sent.
  std::size_t owed = 0;
  /// Runs that began after the one it reads.
  std::vector<watched_run> next;

  // sharing
  /// A round that it has had already.
  std::uint64_t skips_round = 0;
};

} // namespace parley
