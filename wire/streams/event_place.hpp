#pragma once
// Where an event stands: in its run's log, and in its answer. All that a stream format may know beside the event itself.

#include "core/answer_event.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace parley::wire {

/// An answer is a row of parts: each is a text, a stretch of reasoning, or a tool call from its begin on. A part ends when it
/// can't grow any more; calls of tools may grow side by side.
enum class part_kind : std::uint8_t { text, reasoning, tool_call };

struct ended_part {
  std::uint32_t part = 0;
  part_kind kind = part_kind::text;
};

/// An answer as it was stored, told in parts, so that only a format that shows it puts it together.
struct stored_answer {
  /// Without content and reasoning.
  const message& head;
  std::string_view content;
  std::string_view reasoning;

  message whole() const {
    auto result = head;
    result.content = content;
    result.reasoning = reasoning;
    return result;
  }
};

/// Which event of which answer.
struct event_place {
  run_id run;
  /// In the run's log.
  std::uint64_t offset = 0;
  participant who = 0;
  /// The answer that grows.
  message_id answer;
  int attempt = 1;
  /// The kind of the event before it in the log; `restart`, after which nothing is open, for the first.
  event_kind before = event_kind::restart;
  /// As the client called it, for formats that say so in each event.
  std::string_view model{};
  /// The part that the event belongs to, counted from 0; of a finish, how many there were.
  std::uint32_t part = 0;
  /// The event is the first of its part.
  bool opens = false;
  /// The parts that end right before the event, in their order.
  std::span<const ended_part> ends{};
  /// The event's number in its answer (`wire/streams/answer_row.hpp`). It rises from event to event.
  std::uint64_t sequence = 0;
  /// Of a finish, if the answer is in the store: what is stored. Else null.
  const stored_answer* stored = nullptr;
};

} // namespace parley::wire
