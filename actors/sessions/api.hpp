#pragma once
// Sessions: what clients ask of them, and who listens to them. Read this first, then `session.cpp`.

#include "actors/runs/api.hpp"
#include "core/ask.hpp"
#include "wire/objects/cursor.hpp"

#include <caf/typed_actor.hpp>

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace parley {

// == What clients ask ==================================================================================================
//
// Each request says in `by` who asks: whoever sends it for a client sets that. What is local to a node (a loop, an actor's
// handle) travels beside a request, never in it, so that a request can be sent to another node.

/// Beside a request that may begin or replay a run: the loop of the connection that asks, where the run shall live.
struct run_home {
  home_loop* loop = nullptr;
};

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
  ask by{};
};

/// GET /api/sessions/
struct browse_sessions {
  list_sessions page;
  ask by{};
};

/// GET /api/sessions/{id}/
struct show_session {
  session_id id;
  ask by{};
};

/// PATCH /api/sessions/{id}/
struct change_session {
  session_id id;
  session_changes wanted;
  ask by{};
};

/// DELETE /api/sessions/{id}/: stops a run.
struct remove_session {
  session_id id;
  ask by{};
};

/// GET /api/sessions/{id}/messages/
struct show_transcript {
  list_messages page;
  ask by{};
};

/// GET /api/messages/{id}/
struct show_message {
  message_id id;
  ask by{};
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
  /// `stream-simple` can't show more than one answer: a compare session is refused.
  bool only_direct = false;
  ask by{};
};

/// POST /api/messages/{id}/regenerate/
struct regenerate_answer {
  message_id id;
  bool cancel_on_disconnect = false;
  ask by{};
};

/// GET /api/messages/{id}/stream/
struct attach_to_run {
  message_id id;
  /// Absent: from 0. With a run in it (`Last-Event-ID`): only if it is that run, else from 0.
  wire::cursor from;
  ask by{};
};

/// POST /api/messages/{id}/stop/
struct stop_message {
  message_id id;
  ask by{};
};

/// POST /api/feedback/
struct cast_vote {
  /// The turn's user message.
  message_id id;
  preference choice;
  ask by{};
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
  ask by{};
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

/// From a session: a run's messages are stored, and its log can be read.
struct run_announced {
  run_id run;
  log_actor log;
  /// In their order: imports, the question, and the answers that are to come.
  std::shared_ptr<const std::vector<message>> added;
};

/// The session has changed: its title or settings, or a vote has shown its names.
struct session_updated {
  session_view now;
};

struct session_deleted {
  session_view last;
};

/// There is a vote on the turn of this user message.
struct turn_voted {
  message question;
};

/// An answer has its final state, and no run's log tells of it.
struct answer_stored {
  message answer;
};

struct somebody_types {
  /// Not told to this one: it is who types.
  std::uint64_t subscriber = 0;
  std::string user_id;
  bool is_typing = false;
};

using session_news = std::variant<session_updated, session_deleted, turn_voted, answer_stored, somebody_types>;

/// From a session, to all who watch it.
struct session_announced {
  std::shared_ptr<const session_news> what;
};

/// Who is told what happens in a session: a feed.
using session_listener = caf::typed_actor<caf::reacts_to<run_announced>, caf::reacts_to<session_announced>>;

/// From a listener, which comes beside it: it wants to hear of the session's runs and changes until it ends, or the session does.
struct watch_session {
  session_id id;
  ask by{};
};

/// From a listener: a subscriber said it is typing, or stopped to. All but itself shall hear of it.
struct relay_typing {
  session_id id;
  std::uint64_t subscriber = 0;
  std::string user_id;
  bool is_typing = false;
  ask by{};
};

// == The actors ========================================================================================================

/// What clients ask for. `sessions` takes all of it, and passes on what concerns one session.
#define PARLEY_SESSION_REQUESTS                                                                                                  \
  caf::replies_to<show_session>::with<session_view>, caf::replies_to<change_session>::with<session_view>,                        \
    caf::replies_to<remove_session>::with<store_written>, caf::replies_to<show_transcript>::with<message_page>,                  \
    caf::replies_to<show_message>::with<message>, caf::replies_to<start_turn, run_home>::with<run_opened>,                       \
    caf::replies_to<regenerate_answer, run_home>::with<run_opened>, caf::replies_to<attach_to_run, run_home>::with<run_opened>,  \
    caf::replies_to<stop_message>::with<stopped_answers>, caf::replies_to<cast_vote>::with<vote_view>,                           \
    caf::replies_to<show_state>::with<session_state_view>, caf::replies_to<watch_session, session_listener>::with<session_view>, \
    caf::reacts_to<relay_typing>, caf::reacts_to<answer_unspooled>

/// From `sessions`: is anything going on? A session that is idle answers with `session_idle`, others not at all.
struct ask_idle {
  /// Stands for the newest request that was passed on to the session. It is echoed.
  std::uint64_t token = 0;
};

/// From `sessions`: the node ends; a run that goes on ends as `interrupted`.
struct interrupt_run {};

/// From a session to itself: a pause after a failed reload is over.
struct end_pause {
  /// As `session_life::reload_failed` returned it.
  std::uint64_t failed_reloads = 0;
};

using session_actor =
  run_owner::extend<PARLEY_SESSION_REQUESTS, caf::reacts_to<ask_idle>, caf::reacts_to<interrupt_run>, caf::reacts_to<end_pause>>;

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

/// From a session: nothing goes on. If no request was passed on to it since the one that `token` stands for, it can end.
struct session_idle {
  session_id session_key;
  std::uint64_t token = 0;
};

/// Each so often: what is idle, what has outlived its window.
struct sweep {};

using sessions_actor =
  caf::typed_actor<PARLEY_SESSION_REQUESTS, caf::replies_to<make_session>::with<session_view>,
                   caf::replies_to<browse_sessions>::with<session_view_page>, caf::reacts_to<run_began>, caf::reacts_to<run_over>,
                   caf::reacts_to<session_idle>, caf::replies_to<drain_node>::with<store_written>, caf::reacts_to<sweep>>;

/// `votes` is told of each vote that counts once it is stored, before the vote's answer is on its way. It may be null.
sessions_actor spawn_sessions(caf::actor_system& sys, node_context_ptr node, persistence_actor store, vote_listener votes = {});

} // namespace parley

// Kept sorted. All of them stay within the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::ask_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::attach_to_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::browse_sessions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::cast_vote)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::change_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::end_pause)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::interrupt_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::make_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::regenerate_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::relay_typing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::remove_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_announced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_began)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_home)
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
