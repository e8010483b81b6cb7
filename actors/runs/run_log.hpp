#pragma once
// The log of one run, in memory: who appends is the coordinator, who reads are its readers, each at an offset of its own.
// A value; nothing here sends or waits.

#include "core/answer_event.hpp"
#include "wire/streams/stream_format.hpp"

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

  /// The answer as it is stored, without content and reasoning, which the log has. Said before its finish; WebSocket
  /// subscribers get it after it.
  void complete(participant who, const message& answer);

  /// Returns the event's offset, counted from 1.
  std::uint64_t append(participant who, const answer_event& event);

  /// The newest event's offset, 0 while there is none.
  std::uint64_t newest() const { return entries_.size(); }

  /// What comes before the first event, of the first answer that was introduced. Nothing in most formats.
  void write_begin(std::string& out, wire::stream_format format) const;

  struct position {
    /// The last event that was written.
    std::uint64_t offset = 0;
    /// True if events remain that `max_bytes` left no room for.
    bool more = false;
  };

  /// Appends the events after `from` to `out` until it grew by `max_bytes` or more, at least one. `merge` makes one event of
  /// neighbouring deltas of the same participant and kind, with the last one's offset.
  position write(std::string& out, wire::stream_format format, std::uint64_t from, std::size_t max_bytes, bool merge) const;

  /// A participant's text since its last restart; valid until the next append.
  std::string_view text(participant who) const { return since_restart(who, event_kind::text); }
  std::string_view reasoning(participant who) const { return since_restart(who, event_kind::reasoning); }

  /// What the log takes in memory, about.
  std::size_t bytes() const;

  run_id run() const { return run_; }

private:
  /// Where an event stands in its answer's row of parts, in two bytes.
  struct part_step {
    std::uint16_t part : 13 = 0;
    std::uint16_t opens : 1 = 0;
    std::uint16_t closes : 2 = 0;
  };

  /// 12 bytes an event: a delta is a range of its participant's text.
  struct log_entry {
    participant who = 0;
    event_kind kind = event_kind::text;
    part_step step;
    /// Where it begins in `texts`, or its index in `others_`.
    std::uint32_t begin = 0;
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
    std::unique_ptr<message> completed;
    /// The part that the newest event left open, and how many there were.
    wire::part_kind open = wire::part_kind::none;
    std::uint16_t parts = 0;

    part_step step(event_kind kind);
  };

  seat_tracks& seat_of(participant who);
  wire::event_place place_of(const log_entry& entry, std::size_t offset, event_kind before) const;
  void write_completed(std::string& out, participant who) const;
  std::string_view since_restart(participant who, event_kind kind) const;
  const content_track& track_of(participant who, event_kind kind) const;

  run_id run_;
  std::vector<log_entry> entries_;
  std::vector<seat_tracks> seats_;
  std::vector<answer_event> others_;
};

} // namespace parley
