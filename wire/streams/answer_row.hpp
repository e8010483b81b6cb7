#pragma once
// The row of stretches of one participant's answer: which part each event belongs to, which parts it ends, and its number
// (decision 0016). A value beside a run's log, which counts its events as entries from 0.
//
// A *stretch* is what came of one kind without anything else of the same answer in between: text, reasoning, the arguments of
// one call, or the call told whole. It takes `border` numbers for its beginning, one for each byte, and `border` for its end. The
// number of an event is that of its last byte; one without any has the last number of its stretch's beginning. So a format that
// writes an event as several of its own has numbers for them, too.
//
//   restart │ "Hi" opens a text │ " there" │ call 0 begins, which ends the text │ …
//         0 │ 9 … 16, 17 and 18 │ 19 … 24  │ 25 … 32, and 33 … 40               │ …
//
// A finish comes after all of them. It leaves room for each call that wasn't told whole: a replay tells it there.

#include "core/message.hpp"
#include "wire/objects/json_extent.hpp"
#include "wire/streams/event_place.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace parley::wire {

class answer_row {
public:
  /// Numbers between a stretch's neighbours and its content, before and after it.
  static constexpr std::uint64_t border = 8;

  /// Text or reasoning of `bytes`, which begin at `begin` of all that came of that kind.
  void add_delta(event_kind kind, std::uint32_t entry, std::uint32_t begin, std::uint32_t bytes) {
    if (newest_ != kind)
      open_delta(kind, entry, begin);
    marks_.back().bytes += bytes;
  }

  /// Any other event. Returns how many bytes its stretch has with it.
  std::uint32_t add(const answer_event& event, std::uint32_t entry);

  /// A stretch that the log has no events of, because the answer is told again in larger steps. `entry` is the log's next.
  void pass(const answer_stretch& what, std::uint32_t entry);

  /// Completes the place of the event `entry`. `end` is where it ends: text and reasoning in all that came of the kind, other
  /// events in their stretch. The place's `ends` are valid until the next event is added.
  void locate(event_place& at, std::uint32_t entry, std::uint32_t end) const {
    auto& mark = mark_of(entry);
    at.part = mark.part;
    at.sequence = mark.number + (end - mark.begin);
    if (mark.first == entry)
      locate_first(at, mark);
  }

  /// Since the last restart.
  std::vector<answer_stretch> stretches() const;

  /// What it takes in memory beside itself, about.
  std::size_t bytes() const;

private:
  /// Where a stretch begins, or an event that belongs to none: a restart, or the finish.
  struct landmark {
    /// Its first event.
    std::uint32_t first = 0;
    std::uint32_t part = 0;
    /// The call's place among the answer's.
    std::uint32_t call = 0;
    /// Of text and reasoning: where it begins in all that came of the kind.
    std::uint32_t begin = 0;
    std::uint32_t bytes = 0;
    /// How many of `ended_` there were after its first event.
    std::uint32_t ended = 0;
    /// The last number of its beginning.
    std::uint64_t number = 0;
    /// Of its first event; `tool_call_delta` for the arguments of a call.
    event_kind kind = event_kind::restart;
    /// Its first event is the first of its part.
    bool opens = false;
  };

  struct call_state {
    std::string id;
    std::uint32_t part = 0;
    /// It was told whole.
    bool whole = false;
    json_extent arguments;
  };

  struct open_part {
    std::uint32_t part = 0;
    part_kind kind = part_kind::text;
    std::uint32_t call = 0;
  };

  const landmark& mark_of(std::uint32_t entry) const {
    auto& newest = marks_.back();
    return newest.first <= entry ? newest : earlier_mark_of(entry);
  }

  const landmark& earlier_mark_of(std::uint32_t entry) const;
  void locate_first(event_place& at, const landmark& found) const;

  void open_delta(event_kind kind, std::uint32_t entry, std::uint32_t begin);
  /// The newest part, which is new.
  void open_part_for(part_kind kind, std::uint32_t call);
  bool can_grow(const open_part& part) const;
  void end_all();
  landmark& add_mark(event_kind kind, std::uint32_t entry);
  void begin_call(const tool_call_begin& begun, std::uint32_t entry);
  std::uint32_t grow_call(const tool_call_delta& grown, std::uint32_t entry);
  void tell_call(const tool_call& told, std::uint32_t entry);
  void begin_again(std::uint32_t entry);
  void finish(std::uint32_t entry);
  std::uint32_t call_by_id(std::string_view id);

  std::vector<landmark> marks_;
  /// The kind of the newest mark.
  event_kind newest_ = event_kind::restart;
  /// The parts that can grow, and those after which no other has begun; in their order.
  std::vector<open_part> open_;
  std::vector<ended_part> ended_;
  std::vector<call_state> calls_;
  std::uint32_t parts_ = 0;
};

} // namespace parley::wire
