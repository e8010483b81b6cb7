#pragma once
// All stream formats. To add one: its file beside the others, its function here, and its line in the table in
// `stream_encoders.cpp`. A format that isn't in the table has no readers, and the contract suite runs over the table.

#include "wire/streams/stream_encoder.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace parley::wire {

/// Lines: a letter for the participant, one for the kind, and a JSON object.
const stream_encoder& lines_stream();
/// Server-Sent Events that carry cursors.
const stream_encoder& sse_stream();
/// The body of `stream-simple`.
const stream_encoder& simple_stream();
/// WebSocket frames.
const stream_encoder& ws_stream();
/// The AI SDK's UI message stream.
const stream_encoder& ui_message_stream();
/// OpenAI's chunks, the second with one at the end that tells the usage.
const stream_encoder& openai_stream();
const stream_encoder& openai_usage_stream();
/// Anthropic's events.
const stream_encoder& anthropic_stream();

constexpr std::size_t stream_encoder_count = 8;

std::span<const stream_encoder* const, stream_encoder_count> stream_encoders();

/// Its place in the table, below `stream_encoder_count`; nothing if it isn't there.
std::optional<std::size_t> slot_of(const stream_encoder& format);

/// The format that an Accept header (RFC 9110, section 12.5.1) asks for: SSE if it prefers `text/event-stream`, UI messages if
/// that has the parameter `format=ui-message`, else lines.
const stream_encoder& choose_encoder(std::string_view accept);

} // namespace parley::wire
