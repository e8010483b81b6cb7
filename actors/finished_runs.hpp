#pragma once
// The logs of a session's runs that are over, until they are forgotten, and which of them has what a reader wants. A value;
// nothing here sends or waits.

#include "actors/api.hpp"

#include <unordered_map>

namespace parley {

/// A log to read, after an offset.
struct log_place {
  run_actor log;
  std::uint64_t from = 0;
};

class finished_runs {
public:
  /// The newest run is over; `end` is the offset of its last event.
  void add(run_id run, run_actor log, std::uint64_t end);

  /// A run that is told again from the store. Its offsets are not those of the run itself: it is read from its beginning, a
  /// `restart`.
  void add_told_again(run_id run, run_actor log);

  std::optional<log_place> find(run_id run, std::uint64_t from = 0) const;

  /// The log with what followed `from`, null if nothing did. Nothing if that isn't all in the log of the newest run.
  std::optional<run_actor> rest_after(const wire::cursor& from) const;

  /// The end of the newest run that is over, also when its log is gone.
  const std::optional<wire::cursor>& newest_end() const { return newest_end_; }

  /// Null if it isn't there.
  run_actor forget(run_id run);

  /// A log's actor has ended.
  void remove(const caf::actor_addr& gone);

private:
  struct entry {
    run_actor log;
    bool told_again = false;
  };

  std::unordered_map<run_id, entry> logs_;
  std::optional<wire::cursor> newest_end_;
};

} // namespace parley
