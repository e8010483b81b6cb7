#pragma once
// What a client is shown of a session's messages. Rules only: no actor, no I/O.

#include "actors/sessions/api.hpp"
#include "core/conversation.hpp"

namespace parley {

/// `invalid_request` if `wanted.after` isn't there.
expected<message_page> page_of(const conversation& all, const list_messages& wanted);

/// What a subscriber that begins to watch is shown: the newest 50, oldest first.
std::vector<message> newest_of(const conversation& all);

/// Some of them are being answered, and their text is in the run.
bool any_running(const std::vector<message>& messages);

/// A running answer becomes what it is now.
void fill_in(message& shown, const run_snapshot& now);
void fill_in(std::vector<message>& shown, const run_snapshot& now);

/// Of an answer, or by its user's message of a whole turn.
stopped_answers states_of(const message& named, const conversation& all);

} // namespace parley
