#pragma once
// The log of one run, in memory: who appends is the coordinator, who reads are its readers, each at an offset of its own.
// A value; nothing here sends or waits.

#include "core/answer_event.hpp"
#include "wire/streams/answer_row.hpp"
#include "wire/streams/stream_encoder.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

class run_log {
public:
  explicit run_log(run_id run) : run_(run) {}

  /// Whose answer a participant's events are: said before its first event.
  void introduce(participant who, message_id answer, int attempt, std::string model = {});

  /// The answer as it is stored, without content and reasoning, which the log has. Said before its finish, and only if it is
  /// in the store.
  void complete(participant who, const message& answer);

  /// Returns the event's offset, counted from 1.
  std::uint64_t append(participant who, const answer_event& event);

  /// Counts a stretch of the answer that is being told again, and of which the log gets no events.
  void pass(participant who, const answer_stretch& what);

  /// The newest event's offset, 0 while there is none.
  std::uint64_t newest() const { return entries_.size(); }

  /// What comes before the first event, of the first answer that was introduced. Nothing in most formats.
  void write_begin(std::string& out, const wire::stream_encoder& format) const;

  struct position {
    /// The last event that was written.
    std::uint64_t offset = 0;
    /// True if events remain that `max_bytes` left no room for.
    bool more = false;
  };

  /// Appends the events after `from` to `out` until it grew by `max_bytes` or more, at least one. `merge` makes one event of
  /// neighbouring deltas of the same participant and kind, with the last one's offset.
  position write(std::string& out, const wire::stream_encoder& format, std::uint64_t from, std::size_t max_bytes,
                 bool merge) const;

  /// A participant's text since its last restart; valid until the next append.
  std::string_view text(participant who) const { return since_restart(who, event_kind::text); }
  std::string_view reasoning(participant who) const { return since_restart(who, event_kind::reasoning); }

  /// The order in which they and the calls of tools came, since the last restart.
  std::vector<answer_stretch> stretches(participant who) const;

  /// What the log takes in memory, about.
  std::size_t bytes() const;

  run_id run() const { return run_; }

private:
  /// 12 bytes an event: a delta is a range of its participant's text.
  struct log_entry {
    participant who = 0;
    event_kind kind = event_kind::text;
    /// Where it begins in its track, or its index in `others_`.
    std::uint32_t begin = 0;
    /// Of any other event than a delta: where it ends in its stretch.
    std::uint32_t length = 0;
  };

  /// All text or reasoning of one participant, and where it last began again.
  struct content_track {
    std::string content;
    std::size_t restarted_at = 0;
  };

  struct seat_tracks {
    message_id answer;
    int attempt = 1;
    std::string model;
    content_track text;
    content_track reasoning;
    wire::answer_row row;
    std::unique_ptr<message> completed;
  };

  seat_tracks& seat_of(participant who);
  /// Of the event `first`, which was merged with those up to `offset`, and ends at `end`.
  wire::event_place place_of(participant who, std::size_t first, std::size_t offset, std::uint32_t end) const;
  void write_finish(std::string& out, const wire::stream_encoder& format, wire::event_place at, const answer_event& event) const;
  std::string_view since_restart(participant who, event_kind kind) const;
  const content_track& track_of(participant who, event_kind kind) const;

  run_id run_;
  std::vector<log_entry> entries_;
  std::vector<seat_tracks> seats_;
  std::vector<answer_event> others_;
};

} // namespace parley
