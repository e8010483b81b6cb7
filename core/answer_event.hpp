#pragma once
// What happens while an answer is generated: codecs make these, a run's log keeps them, stream formats write them.

#include "core/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace parley {

/// The order is that of the kinds' frequency, not of the wire.
enum class event_kind : std::uint8_t { text, reasoning, tool_call_begin, tool_call_delta, tool_call, restart, finish };

/// A model began to call a tool.
struct tool_call_begin {
  std::string id;
  std::string name;
};

/// A piece of a call's arguments, JSON text.
struct tool_call_delta {
  std::string id;
  std::string arguments;
};

/// An answer's last event.
struct answer_finish {
  finish_reason reason = finish_reason::stop;
  message_id message;
  std::optional<token_usage> usage;
  std::optional<answer_error> error;
  /// False while only the local spool has the answer.
  bool stored = true;
};

/// What came so far for this participant is void, it begins again.
struct answer_restart {};

/// Text or reasoning as it came. `kind` is one of the two.
struct answer_delta {
  event_kind kind = event_kind::text;
  std::string content;
};

/// An event of one participant, before it has an offset.
using answer_event = std::variant<answer_delta, tool_call_begin, tool_call_delta, tool_call, answer_restart, answer_finish>;

} // namespace parley
