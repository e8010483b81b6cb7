#pragma once
// The frames that all who keep up with a session share, encoded once: of its runs, one after the other, and of its changes in
// between. They go out in rounds; who hasn't taken the earlier ones falls behind, and reads for itself. Nothing here sends to an
// actor: the feed reads the logs, and says when the next part of a round is served.

#include "actors/watching/watcher.hpp"

#include <deque>
#include <vector>

namespace parley {

class shared_stream {
public:
  shared_stream() = default;
  explicit shared_stream(const limits& bounds)
    : reader_window_(bounds.reader_window_bytes), subscriber_window_(bounds.subscriber_window_bytes) {}

  // -- what is told: the runs -------------------------------------------------------------------------------------------

  /// It is told after those before it.
  void add(watched_run run) { coming_.push_back(std::move(run)); }

  /// The next run, if there is one and the one before has ended: its log is to be read from the beginning.
  bool begin_next_run();

  /// For the first to share: others will get what follows `at`. Of a run that goes on, `log` is to be read from there.
  void begin_at(const position& at, const log_actor& log);

  /// Returns what its log is to be given credit for: nothing until it is enough to be owed.
  std::size_t take(const log_piece& piece);

  void end_run() { reading_ = false; }

  /// A run's log is being read.
  bool reading() const { return reading_; }

  /// That log, or the last that was.
  const log_actor& log() const { return current_.log; }

  // -- what is told: the session's changes ------------------------------------------------------------------------------

  void add(const watched_change& change) { pending_.push_back({change.frames, log_actor{}, {}, change.except, std::nullopt}); }

  /// Changes are left out for who doesn't read at all; its connection is closed soon.
  bool too_far_behind(const subscriber& who) const { return who.unread() > 4 * subscriber_window_; }

  // -- who shares -------------------------------------------------------------------------------------------------------

  /// True for who is where those are who share, and has taken what it was sent.
  bool can_join(const watcher& who) const { return who.to->unread() == 0 && same(who.at, delivered_); }

  /// Must stay where it is until it leaves or falls behind.
  void join(watcher& who);
  void leave(watcher& who);

  /// With gaps of those who left.
  std::size_t size() const { return sharing_.size(); }

  /// Nobody shares it, and there is nothing to tell.
  bool unused() const;

  // -- rounds -----------------------------------------------------------------------------------------------------------

  /// Puts together what goes out next. False if there is nothing, or a round is under way. Who joins from now on gets what
  /// follows that.
  bool begin_round();

  bool in_round() const { return in_round_; }

  /// Gives it to the next `count`. Those who can't take more leave, are made to read on alone, and are appended to `fallen`.
  void serve(std::size_t count, std::vector<watcher*>& fallen);

private:
  /// What waits for a round, in order.
  struct pending_frames {
    frame_ptr frames;
    /// Of a log; else a change of the session, for all but `except`.
    log_actor log;
    wire::cursor end;
    std::uint64_t except = 0;
    /// It begins a run.
    std::optional<watched_run> begins;
  };

  /// What is being sent to all who share.
  struct round {
    frame_ptr frames;
    /// Where those are who haven't got it.
    position begin;
    log_actor log;
    std::optional<watched_run> begins;
    std::uint64_t except = 0;
    std::size_t served = 0;
  };

  pending_frames take_pending();
  void fall_behind(watcher& who) const;

  std::size_t reader_window_ = 0;
  std::size_t subscriber_window_ = 0;
  /// The run that is read, or was, and those after it.
  watched_run current_;
  bool reading_ = false;
  std::deque<watched_run> coming_;
  /// Bytes of it that were taken and that it has no credit for yet.
  std::size_t owed_ = 0;
  std::deque<pending_frames> pending_;
  /// Those who share, and gaps of those who left.
  std::vector<watcher*> sharing_;
  bool in_round_ = false;
  round round_;
  std::uint64_t round_number_ = 0;
  /// The end of the newest round.
  position delivered_;
};

} // namespace parley
