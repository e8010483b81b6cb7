#pragma once
// Sessions and messages as they are stored, and as clients see them (`docs/protocol.md`, "Objects").

#include "core/error.hpp"
#include "core/ids.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley {

/// A model's seat: 0 is `a`, 7 is `h`.
using participant = std::uint8_t;

constexpr std::size_t max_participants = 8;

constexpr char letter(participant p) {
  return static_cast<char>('a' + p);
}

enum class session_mode : std::uint8_t { direct, compare, random };
enum class message_role : std::uint8_t { user, assistant, system };

/// `pending`: stored, nothing of it has come. `streaming`: something of it is checkpointed. The others are final.
enum class message_status : std::uint8_t { pending, streaming, success, failed };

enum class finish_reason : std::uint8_t { stop, length, content_filter, tool_calls, cancelled, interrupted, error };

std::string_view name(session_mode mode);
std::string_view name(message_role role);
std::string_view name(message_status status);
std::string_view name(finish_reason reason);

std::optional<session_mode> parse_session_mode(std::string_view text);
std::optional<message_role> parse_message_role(std::string_view text);
std::optional<message_status> parse_message_status(std::string_view text);
std::optional<finish_reason> parse_finish_reason(std::string_view text);

constexpr bool is_final(message_status status) {
  return status == message_status::success || status == message_status::failed;
}

/// `stop`, `length`, `content-filter` and `tool-calls` are answers as the provider meant them; the rest are failures.
constexpr bool is_success(finish_reason reason) {
  return reason <= finish_reason::tool_calls;
}

struct token_usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  /// False: the provider never said, and we estimated (four characters a token).
  bool reported = false;

  friend bool operator==(const token_usage&, const token_usage&) = default;
};

struct tool_call {
  std::string id;
  std::string name;
  /// JSON text as the model wrote it; not always valid JSON.
  std::string arguments;

  friend bool operator==(const tool_call&, const tool_call&) = default;
};

enum class stretch_kind : std::uint8_t { text, reasoning, arguments, whole_call };

std::string_view name(stretch_kind kind);
std::optional<stretch_kind> parse_stretch_kind(std::string_view text);

/// What came of one kind in an answer without anything else in between: so much of its text, of its reasoning, or of the
/// arguments of one call; or a call told whole.
struct answer_stretch {
  stretch_kind kind = stretch_kind::text;
  /// The call's place among the answer's.
  std::uint32_t call = 0;
  std::uint32_t bytes = 0;

  friend bool operator==(const answer_stretch&, const answer_stretch&) = default;
};

/// A model as a stored thing remembers it, also after it left the catalogue.
struct model_label {
  std::string id;
  std::string display_name;

  friend bool operator==(const model_label&, const model_label&) = default;
};

struct answer_latency {
  /// Milliseconds from the start of the run to the first text or reasoning; absent if none came.
  std::optional<std::int64_t> first_token;
  /// Milliseconds from the start of the run to its finish.
  std::int64_t total = 0;

  friend bool operator==(const answer_latency&, const answer_latency&) = default;
};

struct answer_error {
  ec code = ec::internal;
  std::string message;

  friend bool operator==(const answer_error&, const answer_error&) = default;
};

/// What somebody says of a turn's answers, seen side by side.
struct preference {
  /// Whose answer is the best; none if none is.
  std::optional<participant> best;
  /// None is, because all are bad. Else they are equally good.
  bool all_bad = false;

  friend bool operator==(const preference&, const preference&) = default;
};

/// `a` to `h`, `tie`, `both_bad`.
std::string name(const preference& choice);
std::optional<preference> parse_preference(std::string_view text);

/// The vote on a turn, as it stands beside the turn's question.
struct turn_vote {
  preference choice;
  /// The leaderboard has it.
  bool counted = false;
  unix_ms created_at = 0;

  friend bool operator==(const turn_vote&, const turn_vote&) = default;
};

struct message {
  message_id id;
  session_id session;
  turn_id turn;
  /// The message that this one follows; none for the first. An assistant's parent is its turn's user message.
  std::optional<message_id> parent;
  message_role role = message_role::user;
  /// Absent for users, the system, and imported answers (which count as every participant's).
  std::optional<participant> seat;
  /// 1 for the first answer of a seat in a turn; a regenerate adds a sibling with the next number.
  int attempt = 1;
  /// The run that makes or made it; none for users, the system and imports.
  std::optional<run_id> run;
  std::string content;
  std::string reasoning;
  std::vector<tool_call> tool_calls;
  /// The order in which all this came; empty if nobody knows. What numbers its events have follows from it (decision 0016).
  std::vector<answer_stretch> stretches;
  message_status status = message_status::success;
  std::optional<finish_reason> finish;
  std::optional<answer_error> error;
  std::optional<model_label> model;
  std::optional<token_usage> usage;
  std::optional<answer_latency> latency;
  unix_ms created_at = 0;
  unix_ms completed_at = 0;
  /// It came out of a node's spool after its session had gone on elsewhere: stored as an attempt beside the one it was.
  bool recovered = false;
  /// Of a user's message: the vote on its turn.
  std::optional<turn_vote> vote;
  /// Nobody may learn whose answer it is (`core/blinding.hpp`): its session is `blind`. Not a message's own: it ends with the
  /// session's.
  bool blind = false;

  friend bool operator==(const message&, const message&) = default;
};

/// Sampling parameters as a client may set them for a session; absent ones are the model's own.
struct sampling_parameters {
  std::optional<double> temperature; ///< 0 to 2
  std::optional<double> top_p;       ///< 0 to 1
  std::optional<std::int64_t> max_tokens;
  std::vector<std::string> stop; ///< at most 4

  friend bool operator==(const sampling_parameters&, const sampling_parameters&) = default;
};

struct session {
  session_id id;
  session_mode mode = session_mode::direct;
  std::string title;
  /// True once someone set the title; until then it is the beginning of the first user message.
  bool title_is_set = false;
  /// One per participant, in their order.
  std::vector<model_label> models;
  /// Nobody may learn which models they are: in random mode, until the first vote.
  bool blind = false;
  std::string system_prompt;
  sampling_parameters parameters;
  unix_ms created_at = 0;
  unix_ms updated_at = 0;

  friend bool operator==(const session&, const session&) = default;
};

/// The run a session has under way.
struct running_turn {
  turn_id turn;
  run_id run;
};

} // namespace parley
