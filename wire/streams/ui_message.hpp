#pragma once
// The AI SDK's UI message stream, version 1 (https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol, "Data Stream Protocol"): one
// assistant's message as parts that begin, grow and end. Written for `wire/streams/stream_format`, which says what is asked of
// each function. Sans-I/O.
//
// A part is told open by the event before: text after text goes on, text after anything else begins a part. So an event can be
// written without knowing more of the log than its neighbour; which is also why only runs with one answer have this format.

#include "wire/streams/stream_format.hpp"

namespace parley::wire {

/// What a response in this format has in its header, name and value.
inline constexpr std::string_view ui_message_header = "x-vercel-ai-ui-message-stream";
inline constexpr std::string_view ui_message_version = "v1";

void append_ui_begin(std::string& out, const event_place& at);
void append_ui_delta(std::string& out, const event_place& at, event_kind kind, std::string_view content);
/// Any event but a delta.
void append_ui_event(std::string& out, const event_place& at, const answer_event& event);
void append_ui_end(std::string& out);

} // namespace parley::wire
