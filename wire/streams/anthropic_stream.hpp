#pragma once
// Anthropic's message stream (https://docs.anthropic.com/en/docs/build-with-claude/streaming) as a format of runs without a
// session and with one answer, whose parts are its content blocks. Written for `wire/streams/stream_format`, which says what is
// asked of each function. Reasoning has no signature: what a provider signs, it signs for its own client.

#include "wire/streams/stream_format.hpp"

namespace parley::wire {

void append_anthropic_begin(std::string& out, const event_place& at);
void append_anthropic_delta(std::string& out, const event_place& at, event_kind kind, std::string_view content);
/// Any event but text and reasoning.
void append_anthropic_event(std::string& out, const event_place& at, const answer_event& event);
void append_anthropic_heartbeat(std::string& out);

} // namespace parley::wire
