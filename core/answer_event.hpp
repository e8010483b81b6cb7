#pragma once
// What happens while an answer is generated: codecs make these, a run's log keeps them, stream formats write them.

#include "core/message.hpp"

#include <cstdint>
#include <memory>
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
  /// The answer's calls are counted from 0.
  std::uint32_t index = 0;
};

/// A piece of a call's arguments, JSON text.
struct tool_call_delta {
  std::string id;
  std::string arguments;
  std::uint32_t index = 0;
};

/// What concerns all answers of a run without a session; its last finish tells it.
struct run_outcome {
  /// Of all answers together, as far as it is known.
  std::optional<token_usage> usage;
  /// None of them succeeded.
  bool failed = false;
};

/// An answer's last event.
struct answer_finish {
  finish_reason reason = finish_reason::stop;
  message_id message;
  std::optional<token_usage> usage;
  std::optional<answer_error> error;
  /// False while only the local spool has the answer.
  bool stored = true;
  /// In the last finish of a run without a session.
  std::shared_ptr<const run_outcome> run{};
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
