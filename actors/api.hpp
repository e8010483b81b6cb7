#pragma once
// Every message between actors, and every actor's typed interface. Read this first; `docs/design` says why.
//
// Messages stay within the process: they are values or `shared_ptr<const T>`, moved, never serialised.

#include "actors/homed.hpp"
#include "core/answer_event.hpp"
#include "core/limits.hpp"
#include "core/model.hpp"
#include "core/store_request.hpp"
#include "wire/codec.hpp"
#include "wire/stream_format.hpp"

#include <caf/actor_addr.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/error.hpp>
#include <caf/typed_actor.hpp>

#include <functional>
#include <memory>

namespace parley {

// == What the outer folders give to the actors =======================================================================

/// Sends `alarm_tick` to its actor when due. Used on the actor's home loop only.
class alarm {
public:
  virtual ~alarm() = default;
  /// Replaces an earlier time.
  virtual void set(steady::time_point when) = 0;
  virtual void cancel() = 0;
};

/// Due time of an actor's alarm. It may come late, never early; a tick of a cancelled alarm may still come.
struct alarm_tick {};

/// Hears of one upstream request. Called on the home loop, never from within `home_loop::call`.
/// After `ended` or `failed` nothing more comes; nor after the `upstream_call` was destroyed, which any of these may do.
class upstream_handler {
public:
  virtual ~upstream_handler() = default;
  /// Connected (or a pooled connection was taken): the connect clock stops.
  virtual void connected() = 0;
  /// `retry_after` is the response header in seconds, 0 if there is none.
  virtual void responded(int status, int retry_after) = 0;
  virtual void received(std::string_view body) = 0;
  /// The body is whole.
  virtual void ended() = 0;
  /// No connection, or it broke. `upstream_unreachable` or `upstream_truncated` or `upstream_malformed`.
  virtual void failed(failure why) = 0;
};

/// A request under way; destroying it closes the request at once.
class upstream_call {
public:
  virtual ~upstream_call() = default;
};

/// One of the node's event loops, as the actors see it. Lives longer than all actors.
class home_loop {
public:
  virtual ~home_loop() = default;
  /// Where its actors run; null leaves them to the system's scheduler (tests).
  virtual caf::execution_unit* unit() = 0;
  virtual steady::time_point now() const = 0;
  virtual std::unique_ptr<alarm> make_alarm(caf::actor_addr target) = 0;
  virtual std::unique_ptr<upstream_call> call(const std::shared_ptr<const upstream>& at, wire::upstream_request what,
                                              upstream_handler& handler) = 0;
};

/// What all actors of a node share, constant.
struct node_context {
  catalogue models;
  limits bounds;
  /// Wall clock, for time stamps.
  std::function<unix_ms()> wall;
  /// Called when no run is left and logs or sessions were let go of: a good time to give memory back. May be empty. Any thread.
  std::function<void()> at_rest;
};

using node_context_ptr = std::shared_ptr<const node_context>;

// == Errors ==========================================================================================================

/// Actors answer with a `caf::error` that carries a failure.
caf::error to_error(const failure& why);

/// The failure inside; errors of CAF itself become `ec::unavailable` (a timeout, an actor that is gone) or `ec::internal`.
failure to_failure(const caf::error& why);

// == Store ===========================================================================================================

/// Is the store there?
struct store_health {};

/// From persistence, once it is true: an answer that waited in the spool is in the store. As it is stored: an attempt of its
/// own, marked `recovered`, if the session had gone on without it.
struct answer_unspooled {
  message answer;
};

using unspooled_listener = caf::typed_actor<caf::reacts_to<answer_unspooled>>;

/// Who shall hear of that.
struct report_unspooled {
  unspooled_listener to;
};

using persistence_actor = caf::typed_actor<
  // writes, durable when answered
  caf::replies_to<create_session>::with<store_written>, //
  caf::replies_to<open_session>::with<opened_session>,
  caf::replies_to<append_messages>::with<store_written>, //
  caf::replies_to<append_checkpoint>::with<store_written>,
  caf::replies_to<store_answer>::with<store_written>,   //
  caf::replies_to<update_session>::with<store_written>, //
  caf::replies_to<record_vote>::with<store_written>, caf::replies_to<delete_session>::with<store_written>,
  // reads
  caf::replies_to<list_sessions>::with<session_page>, //
  caf::replies_to<find_session>::with<session>,
  caf::replies_to<find_message>::with<message>,       //
  caf::replies_to<list_messages>::with<message_page>, //
  caf::replies_to<tally_votes>::with<vote_tally>,
  // the error `store_unavailable`, or this
  caf::replies_to<store_health>::with<store_written>, caf::reacts_to<report_unspooled>>;

// == A run's log and its readers =====================================================================================

/// The next part of a run's log, encoded. Sent to a reader within its credit.
struct log_piece {
  /// The number the reader gave when it attached.
  std::uint64_t stream = 0;
  std::shared_ptr<const std::string> bytes;
  /// Nothing comes after it: each participant has finished.
  bool ends = false;
  /// The offset of the last event in it, or before it.
  std::uint64_t last = 0;
};

using reader_actor = caf::typed_actor<caf::reacts_to<log_piece>>;

/// A reader that can be handed its pieces by a call instead of a message, on its own loop. Lives as long as its actor's handle.
class piece_taker {
public:
  virtual void take(const log_piece& piece) = 0;

protected:
  ~piece_taker() = default;
};

/// Begin to read after `from`. The reader is watched: its death detaches it.
struct attach_reader {
  reader_actor reader;
  std::uint64_t stream = 0;
  wire::stream_format format = wire::stream_format::lines;
  std::uint64_t from = 0;
  /// If the run's home is this one, its pieces are handed to `directly`, not sent.
  home_loop* home = nullptr;
  piece_taker* directly = nullptr;
};

/// `bytes` more were written out. Owed once half a window is used up; less need not be told.
struct reader_credit {
  std::uint64_t stream = 0;
  std::size_t bytes = 0;
};

struct detach_reader {
  std::uint64_t stream = 0;
};

/// What came for one participant, in order. Handed from a model stream to its coordinator by a call: they share a loop.
struct answer_progress {
  participant who = 0;
  std::vector<answer_event> events;
};

/// From a model stream: its last message.
struct answer_ended {
  participant who = 0;
  finish_reason reason = finish_reason::stop;
  std::optional<answer_error> error;
  std::optional<token_usage> usage;
  /// The model that answered: a fallback, perhaps.
  model_label model;
};

/// The state of an answer after a stop.
struct answer_state {
  message_id id;
  participant who = 0;
  message_status status = message_status::pending;
  std::optional<finish_reason> finish;
};

/// End these answers; answered once they are stored. Those that have finished stay as they are.
struct stop_answers {
  /// Empty for all.
  std::vector<participant> who;
  /// `cancelled` by a client, `interrupted` by the node's end.
  finish_reason reason = finish_reason::cancelled;
};

struct stopped_answers {
  std::vector<answer_state> states;
};

/// What a run's running answers look like now.
struct snapshot_run {};

struct run_snapshot {
  std::vector<message> answers;
  /// The offset of the last event in them.
  std::uint64_t newest = 0;
};

/// Is the log there, and does it reach to `from`? Else `invalid_request`.
struct open_log {
  std::uint64_t from = 0;
};

/// Nobody needs the log any more: end once the readers that are there have read it.
struct forget_log {};

struct run_opened;

/// The coordinator of one run (`compare`), as others see it.
using run_actor = caf::typed_actor<
  // readers
  caf::replies_to<open_log>::with<run_opened>, //
  caf::reacts_to<attach_reader>, caf::reacts_to<reader_credit>, caf::reacts_to<detach_reader>,
  // its session
  caf::replies_to<stop_answers>::with<stopped_answers>, //
  caf::replies_to<snapshot_run>::with<run_snapshot>, caf::reacts_to<forget_log>,
  // its model streams
  caf::reacts_to<answer_ended>,
  // its alarm
  caf::reacts_to<alarm_tick>>;

struct seat_message {
  participant who = 0;
  message_id id;
};

/// A log to read: the answer to whatever starts or attaches to a run.
struct run_opened {
  run_actor log;
  session_id session_key;
  turn_id turn;
  run_id run;
  message_id user;
  std::vector<seat_message> answers;
  /// Where the reader is to begin.
  std::uint64_t from = 0;
};

// == Watching a session ===============================================================================================

/// WebSocket frames, encoded once for all who get them.
using frame_ptr = std::shared_ptr<const std::string>;

/// One who watches a session: a WebSocket connection, as its feed sees it. On the feed's loop only.
class subscriber {
public:
  virtual ~subscriber() = default;
  /// Tells subscribers apart, on the whole node.
  virtual std::uint64_t number() const = 0;
  /// Whole frames, to be written after those before.
  virtual void deliver(const frame_ptr& frames) = 0;
  /// Bytes that were delivered and that the client hasn't taken. After it has been over 0, the feed is sent
  /// `subscriber_drained` when it is 0 again.
  virtual std::size_t unread() const = 0;
  /// Ends the connection with that close code. It may have ended already.
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
};

/// Watch from now on; with a cursor, without a gap since then if the log is still there.
struct join_feed {
  std::shared_ptr<subscriber> who;
  std::optional<wire::cursor> from;
};

struct leave_feed {
  std::uint64_t subscriber = 0;
};

struct subscriber_drained {
  std::uint64_t subscriber = 0;
};

/// A client asked for `session_state`.
struct request_state {
  std::uint64_t subscriber = 0;
};

struct subscriber_typing {
  std::uint64_t subscriber = 0;
  std::string user_id;
  bool is_typing = false;
};

/// From a session: a run's messages are stored, and its log can be read. `created` are the frames that say so.
struct run_announced {
  run_id run;
  run_actor log;
  frame_ptr created;
};

/// From a session: frames for all who watch it, but for the subscriber `except`.
struct session_announced {
  frame_ptr frames;
  std::uint64_t except = 0;
  /// It was deleted: these are its last frames.
  bool deleted = false;
};

/// From a feed to itself: the next part of its subscribers.
struct feed_round {};

/// The subscribers of one session on one loop (`feed`).
using feed_actor =
  reader_actor::extend<caf::reacts_to<join_feed>, caf::reacts_to<leave_feed>, caf::reacts_to<subscriber_drained>,
                       caf::reacts_to<request_state>, caf::reacts_to<subscriber_typing>, caf::reacts_to<run_announced>,
                       caf::reacts_to<session_announced>, caf::reacts_to<feed_round>>;

// == Sessions ========================================================================================================

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
  run_actor log;
};

/// From a feed: it wants to hear of the session's runs and changes until it ends, or the session does.
struct watch_session {
  session_id id;
  feed_actor who;
};

/// From a feed: a subscriber said it is typing, or stopped to. All but itself shall hear of it.
struct relay_typing {
  session_id id;
  std::uint64_t subscriber = 0;
  std::string user_id;
  bool is_typing = false;
};

/// What clients ask for. `sessions` takes all of it, and passes on what concerns one session.
#define PARLEY_SESSION_REQUESTS                                                                                                  \
  caf::replies_to<show_session>::with<session_view>, caf::replies_to<change_session>::with<session_view>,                        \
    caf::replies_to<remove_session>::with<store_written>, caf::replies_to<show_transcript>::with<message_page>,                  \
    caf::replies_to<show_message>::with<message>, caf::replies_to<start_turn>::with<run_opened>,                                 \
    caf::replies_to<regenerate_answer>::with<run_opened>, caf::replies_to<attach_to_run>::with<run_opened>,                      \
    caf::replies_to<stop_message>::with<stopped_answers>, caf::replies_to<cast_vote>::with<vote_view>,                           \
    caf::replies_to<show_state>::with<session_state_view>, caf::replies_to<watch_session>::with<session_view>,                   \
    caf::reacts_to<relay_typing>, caf::reacts_to<answer_unspooled>

/// From a run to its session: an answer has its final state, stored. Comes before any reader sees the finish.
struct answer_completed {
  run_id run;
  message answer;
  /// It was the run's last.
  bool run_is_over = false;
  /// What the run's log takes in memory, and the offset of its last event, once it is over.
  std::size_t log_bytes = 0;
  std::uint64_t newest = 0;
};

/// From `sessions`: is anything going on? A session that is idle answers with `session_idle`, others not at all.
struct ask_idle {};

/// From `sessions`: the node ends; a run that goes on ends as `interrupted`.
struct interrupt_run {};

/// From `sessions`: the log of a finished run has outlived its window.
struct forget_run {
  run_id run;
};

using session_actor = caf::typed_actor<PARLEY_SESSION_REQUESTS, caf::reacts_to<answer_completed>, caf::reacts_to<ask_idle>,
                                       caf::reacts_to<interrupt_run>, caf::reacts_to<forget_run>>;

/// From a session: a run begins, its messages are about to be stored.
struct run_began {
  session_id session_key;
  running_turn running;
  std::vector<message_id> messages;
};

/// From a session: its run is over, and the log takes that much memory until `forget_run`.
struct run_over {
  session_id session_key;
  run_id run;
  std::size_t log_bytes = 0;
};

/// From a session: nothing goes on, and so many requests have arrived. If that is all that were passed on, it can end.
struct session_idle {
  session_id session_key;
  std::uint64_t requests_seen = 0;
};

/// Take no new runs (`unavailable`). Answered when no run is left.
struct drain_node {
  /// Those under way are not waited for: they end as `interrupted`.
  bool interrupt = false;
};

/// Each so often: what is idle, what has outlived its window.
struct sweep {};

using sessions_actor =
  caf::typed_actor<PARLEY_SESSION_REQUESTS, caf::replies_to<make_session>::with<session_view>,
                   caf::replies_to<browse_sessions>::with<session_view_page>, caf::reacts_to<run_began>, caf::reacts_to<run_over>,
                   caf::reacts_to<session_idle>, caf::replies_to<drain_node>::with<store_written>, caf::reacts_to<sweep>>;

// == Answers without a session ========================================================================================

/// A run whose answers nobody keeps: a choice for each of `models`, which may name one more than once. The store has no part in
/// it, and may be away.
struct completion_plan {
  wire::client_request_ptr ask;
  /// A choice's index is its participant. At most `max_participants`.
  std::vector<std::shared_ptr<const model>> models;
  home_loop* home = nullptr;
  /// The connection that asks, and the only reader. When it ends, so do the upstreams' requests.
  reader_actor client;
};

/// POST /v1/chat/completions and its like, streamed. Answered once an answer has begun, or after a heartbeat's time without one;
/// while nothing has come, by the first answer's failure if all of them fail.
struct stream_completion {
  completion_plan what;
};

/// The same as a whole.
struct await_completion {
  completion_plan what;
};

struct completed_run {
  run_id run;
  /// By their index; at least one of them succeeded.
  std::vector<message> answers;
  run_outcome outcome;
};

/// From a completion: all its answers have ended.
struct completion_over {
  run_id run;
};

/// The node's runs without a session.
using completions_actor =
  caf::typed_actor<caf::replies_to<stream_completion>::with<run_opened>, caf::replies_to<await_completion>::with<completed_run>,
                   caf::reacts_to<completion_over>, caf::replies_to<drain_node>::with<store_written>>;

// == Spawning (main and the tests) ===================================================================================

sessions_actor spawn_sessions(caf::actor_system& sys, node_context_ptr node, persistence_actor store);

completions_actor spawn_completions(caf::actor_system& sys, node_context_ptr node);

/// Lives until it is told to exit: who counts its subscribers does that. Called and told on `home`.
feed_actor spawn_feed(caf::actor_system& sys, node_context_ptr node, home_loop* home, sessions_actor sessions, session_id id);

} // namespace parley

// Kept sorted. All of them stay within the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::alarm_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::answer_completed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::answer_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::answer_unspooled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::append_checkpoint)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::append_messages)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::ask_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::attach_reader)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::attach_to_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::await_completion)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::browse_sessions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::cast_vote)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::change_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::completed_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::completion_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::create_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::delete_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::detach_reader)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::drain_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::feed_round)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::find_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::find_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::forget_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::forget_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::interrupt_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::join_feed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::leave_feed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::list_messages)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::list_sessions)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::log_piece)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::make_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::message_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::open_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::open_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::opened_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::reader_credit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::record_vote)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::regenerate_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::relay_typing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::remove_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::report_unspooled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::request_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_announced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_began)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_over)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_announced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_state_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::session_view_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::show_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::show_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::show_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::show_transcript)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::snapshot_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::start_turn)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::stop_answers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::stop_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::stopped_answers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::store_answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::store_health)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::store_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::stream_completion)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::subscriber_drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::subscriber_typing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::sweep)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::tally_votes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::update_session)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::vote_tally)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::vote_view)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::watch_session)
