#pragma once
// The JSON fields of an event, the same in lines, Server-Sent Events and WebSocket frames.

#include "core/answer_event.hpp"
#include "wire/objects/cursor.hpp"
#include "wire/objects/short_text.hpp"

#include <string>
#include <string_view>

namespace parley::wire {

event_kind kind_of(const answer_event& event);

/// `text`, `tool_call_begin`, …
std::string_view type_of(event_kind kind);

/// `"name":value`, and more of them; nothing for a restart.
void append_event_fields(std::string& out, const answer_event& event);

/// `,` and the fields, if there are any.
void append_more_event_fields(std::string& out, const answer_event& event);

/// Enough for what stands before an event's fields in any format.
using event_head = short_text<320>;

inline event_head& operator<<(event_head& head, const cursor& at) {
  return head << at.run << ':' << at.offset;
}

} // namespace parley::wire
