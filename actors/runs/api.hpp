#pragma once
// Runs: the messages to and from one, and how its log is read. Decision 0001 says why a run is a log.

#include "actors/node/api.hpp"
#include "actors/node/store_api.hpp"
#include "core/answer_event.hpp"
#include "core/ask.hpp"
#include "core/message.hpp"
#include "wire/clients/client_request.hpp"
#include "wire/streams/stream_encoder.hpp"

#include <caf/typed_actor.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace parley {

// == A run's log and its readers =======================================================================================

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

/// A reader that can be handed its pieces by a call instead of a message, on its own loop. Lives as long as its actor's handle,
/// which the caller holds.
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
  /// One of `wire::stream_encoders`.
  const wire::stream_encoder* format = nullptr;
  std::uint64_t from = 0;
  /// If the run's home is this one, its pieces are handed to `directly`, not sent.
  home_loop* home = nullptr;
  piece_taker* directly = nullptr;
  /// Neighbouring deltas that are there already may come as one. Else that begins when the reader has fallen behind.
  bool merged = false;
};

/// `bytes` more were written out. Owed once half a window is used up; less need not be told.
struct reader_credit {
  std::uint64_t stream = 0;
  std::size_t bytes = 0;
};

struct detach_reader {
  std::uint64_t stream = 0;
};

/// What a run is called. Of one without a session there is the run alone.
struct run_names {
  session_id session_key;
  turn_id turn;
  run_id run;
  /// The message that is answered.
  message_id user;
};

struct seat_message {
  participant who = 0;
  message_id id;
};

/// Is there something to read, and does the log reach to `from`? Else `invalid_request`.
struct open_log {
  std::uint64_t from = 0;
};

struct run_opened;

/// The replay window is over: the log ends once the readers that it has have read it.
struct forget_log {};

/// A run's log, whoever fills it: the run itself, or a replay of what is stored (`actors/runs/log_server.hpp`).
using log_actor = caf::typed_actor<caf::replies_to<open_log>::with<run_opened>, caf::reacts_to<attach_reader>,
                                   caf::reacts_to<reader_credit>, caf::reacts_to<detach_reader>, caf::reacts_to<forget_log>>;

/// A log to read: the answer to whatever starts or attaches to a run.
struct run_opened : run_names {
  log_actor log;
  std::vector<seat_message> answers;
  /// Where the reader is to begin.
  std::uint64_t from = 0;
};

// == A run ============================================================================================================

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

/// All answers as a whole, once all have ended; the failure of the first if none succeeded. Of a run without a session.
struct await_answers {};

struct completed_run {
  run_id run;
  /// By their index; at least one of them succeeded.
  std::vector<message> answers;
  run_outcome outcome;
};

/// The coordinator of one run (`actors/runs/run.hpp`).
using run_actor =
  log_actor::extend<caf::replies_to<stop_answers>::with<stopped_answers>, caf::replies_to<snapshot_run>::with<run_snapshot>,
                    caf::replies_to<await_answers>::with<completed_run>,
                    // from its model streams, and its alarm
                    caf::reacts_to<answer_ended>, caf::reacts_to<alarm_tick>>;

// == What a run tells its owner ========================================================================================

/// An answer has its final state, stored. Comes before any reader sees the finish. Not from runs that keep nothing.
struct answer_completed {
  run_id run;
  message answer;
};

/// All answers have ended. Comes after the last `answer_completed`, and before any reader sees the last finish.
struct run_completed {
  run_id run;
  /// What the log takes in memory, and the offset of its last event.
  std::size_t log_bytes = 0;
  std::uint64_t newest = 0;
};

/// Whose answers a run makes: a session, or `completions`.
using run_owner = caf::typed_actor<caf::reacts_to<answer_completed>, caf::reacts_to<run_completed>>;

// == Answers without a session =========================================================================================

/// A run whose answers nobody keeps: a choice for each of `models`, which may name one more than once. The store has no part in
/// it, and may be away. `by`, `ask` and the models' ids are the request; the rest is the node's own.
struct completion_plan {
  wire::client_request_ptr ask;
  /// A choice's index is its participant. At most `max_participants`.
  std::vector<std::shared_ptr<const model>> models;
  home_loop* home = nullptr;
  /// The connection that asks, and the only reader. When it ends, so do the upstreams' requests.
  reader_actor client;
  parley::ask by{};
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

/// The node's runs without a session.
using completions_actor =
  run_owner::extend<caf::replies_to<stream_completion>::with<run_opened>, caf::replies_to<await_completion>::with<completed_run>,
                    caf::replies_to<drain_node>::with<store_written>>;

completions_actor spawn_completions(caf::actor_system& sys, node_context_ptr node);

} // namespace parley

// Kept sorted. All of them stay within the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::answer_completed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::answer_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::attach_reader)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::await_answers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::await_completion)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::completed_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::detach_reader)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::forget_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::log_piece)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::open_log)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::reader_credit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_completed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::run_snapshot)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::snapshot_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::stop_answers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::stopped_answers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::stream_completion)
