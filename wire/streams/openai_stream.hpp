#pragma once
// OpenAI's chat completion chunks (https://platform.openai.com/docs/api-reference/chat-streaming) as a format of runs without a
// session: a choice is a participant, by its index. Reasoning goes as `reasoning_content`, which OpenAI doesn't show at all and
// the servers compatible with it do. A choice that fails beside others ends with `"finish_reason":"error"` and an `error` of its
// own; where none succeeds, an event that is an error alone ends the stream, which the clients' libraries raise.

#include "wire/streams/stream_format.hpp"

namespace parley::wire {

void append_openai_delta(std::string& out, stream_format format, const event_place& at, event_kind kind,
                         std::string_view content);

/// Any event but text and reasoning.
void append_openai_event(std::string& out, stream_format format, const event_place& at, const answer_event& event);

} // namespace parley::wire
