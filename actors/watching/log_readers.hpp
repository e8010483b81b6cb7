#pragma once
// A feed as a reader of runs' logs: one stream for all who share, and one for each subscriber who reads alone. On the feed's loop
// only.

#include "actors/watching/watcher.hpp"

#include <unordered_map>

namespace parley {

class log_readers {
public:
  /// Sends as the feed, which outlives it.
  explicit log_readers(homed<feed_actor::base>* feed) : feed_(feed) {}

  // -- any stream -------------------------------------------------------------------------------------------------------

  /// Reads `log` after the offset `from`, in pieces that have the number `stream`. The log is monitored while anybody reads it.
  void begin(const log_actor& log, std::uint64_t stream, std::uint64_t from);

  /// A stream of `log` was read to its end.
  void ended(const log_actor& log);

  /// True if it was the actor of a log that is being read: no stream of it will come to its end.
  bool died(const caf::actor_addr& gone) { return streams_.erase(gone) > 0; }

  // -- who reads alone --------------------------------------------------------------------------------------------------

  /// Reads its log on, from where it is.
  void attach(watcher& who);

  /// It reads nothing any more.
  void detach(watcher& who);

  /// Delivers a piece of the log that it reads. False for a late one of another.
  bool take(watcher& who, const log_piece& piece, const caf::actor_addr& from);

  void give_credit(watcher& who);

  /// Begins the next run, if there is one and the client has taken what it was sent.
  void start_next(watcher& who);

private:
  homed<feed_actor::base>* feed_;
  /// How many streams are read of each log.
  std::unordered_map<caf::actor_addr, std::size_t> streams_;
};

} // namespace parley
