#pragma once
// The runs of one session: the one under way, and the logs of those that are over until they are forgotten; and which of them has
// what a reader wants. A value; nothing here sends or waits.

#include "actors/sessions/current_run.hpp"

#include <unordered_map>

namespace parley {

/// A log to read, after an offset.
struct log_place {
  log_actor log;
  std::uint64_t from = 0;
};

class session_runs {
public:
  // -- the run under way ------------------------------------------------------------------------------------------------

  /// Null if there is none.
  current_run* current() { return current_ ? &*current_ : nullptr; }
  const current_run* current() const { return current_ ? &*current_ : nullptr; }

  /// The same once its messages are stored: until then nobody gets to see it.
  const current_run* shown() const { return current_ && current_->committed ? &*current_ : nullptr; }

  bool is_current(run_id run) const { return current_ && current_->ids.run == run; }

  void begin(current_run run) { current_ = std::move(run); }

  /// It is over, and its log can be read; `end` is the offset of its last event.
  void finish(std::uint64_t end);

  /// It came to nothing, or its coordinator has ended.
  current_run drop();

  // -- logs -------------------------------------------------------------------------------------------------------------

  /// A run that is replayed from the store. Its offsets are not those of the run itself: it is read from its beginning, a
  /// `restart`.
  void add_replay(run_id run, log_actor log);

  std::optional<log_place> find(run_id run, std::uint64_t from = 0) const;

  /// The log with what followed `from`, null if nothing did. Nothing if that isn't all in the log of the newest run.
  std::optional<log_actor> rest_after(const wire::cursor& from) const;

  /// The end of the newest run that is over, also when its log is gone.
  const std::optional<wire::cursor>& newest_end() const { return newest_end_; }

  /// The actor of a finished run's log has ended.
  void remove(const caf::actor_addr& gone);

private:
  struct finished_run {
    log_actor log;
    bool is_replay = false;
  };

  std::optional<current_run> current_;
  std::unordered_map<run_id, finished_run> finished_;
  std::optional<wire::cursor> newest_end_;
};

} // namespace parley
