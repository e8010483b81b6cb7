#pragma once
// What a client is shown of a session's messages. Rules only: no actor, no I/O.

#include "actors/sessions/session_now.hpp"

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

/// What a client is shown: `reply`; but where there is a `log`, only once `complete` has put the run's answers as they are now
/// into it.
template <class Reply>
struct shown {
  Reply reply;
  run_actor log;
  void (*complete)(Reply& reply, const run_snapshot& now) = nullptr;
};

/// `invalid_request`, as `page_of`.
expected<shown<message_page>> show(const list_messages& wanted, const session_now& now);

/// `not_found`.
expected<shown<message>> show(message_id wanted, const session_now& now);

/// What a subscriber begins with, after `from` if that is given. `not_found`.
expected<shown<session_state_view>> show(const std::optional<wire::cursor>& from, const session_now& now);

/// Of an answer, or by its user's message of a whole turn.
stopped_answers states_of(const message& named, const conversation& all);

} // namespace parley
