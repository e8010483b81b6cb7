#pragma once
// The formats in which a run is written to clients (`docs/protocol.md`, "Stream formats"). Sans-I/O: append to a string.

#include "core/answer_event.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::wire {

/// `simple` is the body of `stream-simple`, `ws` are WebSocket frames (`wire/streams/ws_frames.hpp`), `ui_message` is the AI
/// SDK's stream of one answer (`wire/streams/ui_message.hpp`), `openai` are OpenAI's chunks, with one for the usage at the end in
/// `openai_usage`
/// (`wire/streams/openai_stream.hpp`), `anthropic` are Anthropic's events (`wire/streams/anthropic_stream.hpp`).
enum class stream_format : std::uint8_t { lines, sse, simple, ws, ui_message, openai, openai_usage, anthropic };

constexpr std::size_t stream_format_count = 8;

/// The Content-Type of a response in that format.
std::string_view content_type(stream_format format);

/// The format that an Accept header (RFC 9110, section 12.5.1) asks for: `sse` if it prefers `text/event-stream`,
/// `ui_message` if that has the parameter `format=ui-message`, else `lines`.
stream_format choose_format(std::string_view accept);

/// An answer is a row of parts: each is a stretch of text or of reasoning, or a tool call from its begin on. A call told whole
/// is no part of its own.
enum class part_kind : std::uint8_t { none, text, reasoning, tool_call };

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
  std::uint16_t part = 0;
  /// The event is the first of its part.
  bool opens = false;
  /// What kind of part ends right before the event.
  part_kind closes = part_kind::none;
};

/// What begins a stream, said as soon as there is a reader; `at` is before the first event. Nothing in most formats.
void append_begin(std::string& out, stream_format format, const event_place& at);

/// Appends text or reasoning, the two kinds of the hot path. `content` is clean.
void append_delta(std::string& out, stream_format format, const event_place& at, event_kind kind, std::string_view content);

/// Appends any event.
void append_event(std::string& out, stream_format format, const event_place& at, const answer_event& event);

/// What is sent after 15 s of silence.
void append_heartbeat(std::string& out, stream_format format, participant who);

/// What ends a whole run's stream, after the last finish; nothing for lines.
void append_end(std::string& out, stream_format format, bool failed);

} // namespace parley::wire
