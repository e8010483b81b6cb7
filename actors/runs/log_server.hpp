#pragma once
// A run's log and all that serves it: its readers and their credit, heartbeats, and when nobody needs it any more. Whoever fills
// it, a run from its model streams or a replay from the store, is the only writer. No actor: the actor around it passes on
// what readers send, and is its `log_host`.

#include "actors/runs/run_readers.hpp"

namespace parley {

/// The actor around a log, as the log sees it.
class log_host {
public:
  virtual void send(const reader_actor& to, log_piece piece) = 0;
  /// From here on its death must be told to the log by `reader_died`.
  virtual void watch(const reader_actor& one) = 0;
  virtual void unwatch(const caf::actor_addr& one) = 0;

protected:
  ~log_host() = default;
};

/// The host that an event-based actor is.
template <class Self>
class actor_log_host final : public log_host {
public:
  explicit actor_log_host(Self self) : self_(self) {}
  void send(const reader_actor& to, log_piece piece) override { self_->send(to, std::move(piece)); }
  void watch(const reader_actor& one) override { self_->monitor(one); }
  void unwatch(const caf::actor_addr& one) override { self_->demonitor(one); }

private:
  Self self_;
};

class log_server {
public:
  /// Readers on the loop `home` are handed their pieces by a call. `host` must live as long as this.
  log_server(run_id run, const limits& bounds, home_loop* home, log_host& host);

  // -- who fills it -----------------------------------------------------------------------------------------------------

  /// Must be called for each participant before its first event. `model` is what formats call it that name it in each event.
  void introduce(participant who, message_id answer, int attempt, std::string model = {});

  /// The answer as it is stored. Must come before its finish, if at all.
  void complete(participant who, const message& answer) { log_.complete(who, answer); }

  /// Readers get it at the next `publish` or `finish`.
  void append(participant who, const answer_event& event);

  /// Counts a stretch of an answer that is told again, and of which readers get no events.
  void pass(participant who, const answer_stretch& what) { log_.pass(who, what); }

  /// Sends what was appended. Silence is counted from `now` on.
  void publish(steady::time_point now);

  /// Each participant has finished: the log is complete. `failed` if no answer succeeded.
  void finish(bool failed);

  /// True once `finish` was called.
  bool is_complete() const { return complete_; }

  /// When `beat` is to be called if nothing is published before; `time_point::max()` once the log is complete.
  steady::time_point next_beat() const;

  /// Sends a heartbeat if nothing was said for `limits::heartbeat`. True if it was time to.
  bool beat(steady::time_point now);

  // -- who reads it -----------------------------------------------------------------------------------------------------

  /// `invalid_request` if the log doesn't reach to `from`.
  expected<void> reaches(std::uint64_t from) const;

  void attach(attach_reader wanted);
  void credit(const caf::actor_addr& reader, const reader_credit& given) { readers_.credit(reader, given, log_); }
  void detach(const caf::actor_addr& reader, const detach_reader& which);
  /// True if it was reading.
  bool reader_died(const caf::actor_addr& reader);

  /// Nobody reads.
  bool empty() const { return readers_.empty(); }

  // -- its end ----------------------------------------------------------------------------------------------------------

  /// The replay window is over, or who had the log has ended: it lives only for the readers that it has.
  void forget() { forgotten_ = true; }

  /// Complete, forgotten, and read by all who read it: the actor around it can end.
  bool is_over() const { return complete_ && forgotten_ && empty(); }

  // -- what is in it ----------------------------------------------------------------------------------------------------

  run_id run() const { return log_.run(); }
  const run_log& log() const { return log_; }
  run_log& log() { return log_; }

private:
  /// A stream of that reader has ended. The reader stays watched while it reads others of this log.
  void stopped_reading(const caf::actor_addr& reader);

  const limits& bounds_;
  home_loop* home_;
  log_host& host_;
  run_log log_;
  run_readers readers_;
  /// Those whose finish isn't in the log, in the order they were introduced.
  std::vector<participant> unfinished_;
  /// When something was said last: events or a heartbeat.
  steady::time_point said_;
  bool complete_ = false;
  bool forgotten_ = false;
};

} // namespace parley
