#pragma once
// Sessions: what clients ask of them, and who listens to them. Read this first, then `session.cpp`.

#include "actors/runs/api.hpp"
#include "wire/objects/cursor.hpp"

#include <caf/typed_actor.hpp>

#include <optional>
#include <string>
#include <vector>

namespace parley {

// == What clients ask ==================================================================================================

/// A session as clients see it.
struct session_view {
  session about;
  std::optional<running_turn> running;
};

struct session_view_page {
  std::vector<session_view> data;
  bool more = false;
};

/// The client's part of a session; absent fields stay as they are.
struct session_changes {
  std::optional<std::string> title;
  std::optional<std::string> system_prompt;
  std::optional<sampling_parameters> parameters;
};

/// POST /api/sessions/
struct make_session {
  session_mode mode = session_mode::direct;
  /// None in random mode: they are drawn.
  std::vector<std::string> models;
  session_changes given;
};

/// GET /api/sessions/
struct browse_sessions {
  list_sessions page;
};

/// GET /api/sessions/{id}/
struct show_session {
  session_id id;
};

/// PATCH /api/sessions/{id}/
struct change_session {
  session_id id;
  session_changes wanted;
};

/// DELETE /api/sessions/{id}/: stops a run.
struct remove_session {
  session_id id;
};

/// GET /api/sessions/{id}/messages/
struct show_transcript {
  list_messages page;
};

/// GET /api/messages/{id}/
struct show_message {
  message_id id;
};

/// A message of a request, checked in itself but not against the session.
struct incoming_message {
  message_role role = message_role::user;
  std::string content;
  std::optional<message_id> id;
  std::optional<participant> seat;
};

/// POST /api/messages/stream/: the last message that isn't an empty assistant's is the user's. Equal requests make one turn.
struct start_turn {
  session_id session_key;
  std::vector<incoming_message> messages;
  std::optional<message_id> parent;
  /// `"parent_id": null` in so many words: ask the session's first question anew.
  bool at_root = false;
  bool cancel_on_disconnect = false;
  /// Where the run shall live: the loop of the connection that asks.
  home_loop* home = nullptr;
  /// `stream-simple` can't show more than one answer: a compare session is refused.
  bool only_direct = false;
};

/// POST /api/messages/{id}/regenerate/
struct regenerate_answer {
  message_id id;
  bool cancel_on_disconnect = false;
  home_loop* home = nullptr;
};

/// GET /api/messages/{id}/stream/
struct attach_to_run {
  message_id id;
  /// Absent: from 0. With a run in it (`Last-Event-ID`): only if it is that run, else from 0.
  wire::cursor from;
  home_loop* home = nullptr;
};

/// POST /api/messages/{id}/stop/
struct stop_message {
  message_id id;
};

/// POST /api/feedback/
struct cast_vote {
  /// The turn's user message.
  message_id id;
  preference choice;
};

struct vote_view {
  vote_id id;
  turn_id turn;
  turn_vote given;
  /// With its names shown.
  session_view about;
};

/// What a WebSocket subscriber begins with: the session's newest messages, or, after `from`, nothing but where to read on.
struct show_state {
  session_id id;
  std::optional<wire::cursor> from;
};

struct session_state_view {
  session_view about;
  /// All after `from` is in `log`; no messages are needed then.
  bool recovered = false;
  /// Oldest first, at most 50; a running answer with its text up to `at`.
  std::vector<message> messages;
  /// The current or the latest run, up to what the messages (or `from`) have of it.
  std::optional<wire::cursor> at;
  /// Of the run in `at`, to read on after it; null if nothing can follow.
  log_actor log;
};

// == Who listens =======================================================================================================

/// WebSocket frames, encoded once for all who get them.
using frame_ptr = std::shared_ptr<const std::string>;

/// From a session: a run's messages are stored, and its log can be read. `created` are the frames that say so.
struct run_announced {
  run_id run;
  log_actor log;
  frame_ptr created;
};

/// From a session: frames for all who watch it, but for the subscriber `except`.
struct session_announced {
  frame_ptr frames;
  std::uint64_t except = 0;
  /// It was deleted: these are its last frames.
  bool deleted = false;
};

/// Who is told what happens in a session: a feed.
using session_listener = caf::typed_actor<caf::reacts_to<run_announced>, caf::reacts_to<session_announced>>;

/// From a listener: it wants to hear of the session's runs and changes until it ends, or the session does.
struct watch_session {
  session_id id;
  session_listener who;
};

/// From a listener: a subscriber said it is typing, or stopped to. All but itself shall hear of it.
struct relay_typing {
  session_id id;
  std::uint64_t subscriber = 0;
  std::string user_id;
  bool is_typing = false;
};

// == The actors ========================================================================================================

/// What clients ask for. `sessions` takes all of it, and passes on what concerns one session.
#define PARLEY_SESSION_REQUESTS                                                                                                  \
  caf::replies_to<show_session>::with<session_view>, caf::replies_to<change_session>::with<session_view>,                        \
    caf::replies_to<remove_session>::with<store_written>, caf::replies_to<show_transcript>::with<message_page>,                  \
    caf::replies_to<show_message>::with<message>, caf::replies_to<start_turn>::with<run_opened>,                                 \
    caf::replies_to<regenerate_answer>::with<run_opened>, caf::replies_to<attach_to_run>::with<run_opened>,                      \
    caf::replies_to<stop_message>::with<stopped_answers>, caf::replies_to<cast_vote>::with<vote_view>,                           \
    caf::replies_to<show_state>::with<session_state_view>, caf::replies_to<watch_session>::with<session_view>,                   \
    caf::reacts_to<relay_typing>, caf::reacts_to<answer_unspooled>

/// From `sessions`: is anything going on? A session that is idle answers with `session_idle`, others not at all.
struct ask_idle {};

/// From `sessions`: the node ends; a run that goes on ends as `interrupted`.
struct interrupt_run {};

using session_actor = run_owner::extend<PARLEY_SESSION_REQUESTS, caf::reacts_to<ask_idle>, caf::reacts_to<interrupt_run>>;

/// From a session: a run begins, its messages are about to be stored.
struct run_began {
  session_id session_key;
  running_turn running;
  std::vector<message_id> messages;
};

/// From a session: its run is over, and the log takes that much memory until it is told to `forget_log`.
struct run_over {
  session_id session_key;
  run_id run;
  /// Null if there is none.
  log_actor log;
  std::size_t log_bytes = 0;
};

/// From a session: nothing goes on, and so many requests have arrived. If that is all that were passed on, it can end.
struct session_idle {
  session_id session_key;
  std::uint64_t requests_seen = 0;
};

/// Each so often: what is idle, what has outlived its window.
struct sweep {};

using sessions_actor =
  caf::typed_actor<PARLEY_SESSION_REQUESTS, caf::replies_to<make_session>::with<session_view>,
                   caf::replies_to<browse_sessions>::with<session_view_page>, caf::reacts_to<run_began>, caf::reacts_to<run_over>,
                   caf::reacts_to<session_idle>, caf::replies_to<drain_node>::with<store_written>, caf::reacts_to<sweep>>;

sessions_actor spawn_sessions(caf::actor_system& sys, node_context_ptr node, persistence_actor store);

} // namespace parley

// Kept sorted. All of them stay within the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::ask_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::attach_to_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::browse_sessions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::cast_vote)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::change_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::interrupt_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::make_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::regenerate_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::relay_typing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::remove_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_announced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_began)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_announced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_state_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_view_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::show_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::show_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::show_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::show_transcript)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::start_turn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::stop_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::sweep)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::vote_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::watch_session)
