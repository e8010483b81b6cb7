#pragma once
// Rows of the SQLite store's tables as values, and values as what is bound to its statements.

#include "core/message.hpp"
#include "persistence/sqlite/sqlite.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace parley::persistence {

/// What `session_in` reads: the columns of `sessions` but the epoch.
#define PARLEY_SESSION_COLUMNS "id, mode, title, title_is_set, created_at, updated_at, models, parameters, system_prompt, blind"

session session_in(const sqlite::rows& row);

/// What `message_in` reads: the columns of `messages`. `seq` is in front for those who look for an answer's pieces; the rest is
/// in the order of the insert.
#define PARLEY_MESSAGE_COLUMNS                                                                                                   \
  "seq, id, session_id, turn_id, parent_id, role, seat, attempt, run_id, status, finish_reason, error_code, error_message, "     \
  "model_id, model_name, prompt_tokens, completion_tokens, usage_reported, first_token_ms, total_ms, created_at, completed_at, " \
  "tool_calls, reasoning, content, recovered, stretches"

/// Without its pieces, and without what others have of it: its vote, and whether it is blind.
message message_in(const sqlite::rows& row);

/// What `whole_message_in` reads, up to a WHERE. LEFT JOIN, also where there is always a row: it keeps SQLite from beginning
/// with the other table.
#define PARLEY_SELECT_WHOLE_MESSAGES                                                                                             \
  "SELECT " PARLEY_MESSAGE_COLUMNS ", blind, preference, counted, voted_at FROM messages "                                       \
  "LEFT JOIN (SELECT id AS its_session, blind FROM sessions) ON its_session = session_id "                                       \
  "LEFT JOIN (SELECT turn_id AS its_turn, voter, preference, counted, created_at AS voted_at FROM votes) "                       \
  "ON its_turn = turn_id AND voter = 'owner' AND role = 'user'"

/// Without its pieces.
message whole_message_in(const sqlite::rows& row);

/// The part of a message that its finish settles, as SQLite takes it. Refers to the message.
struct outcome {
  explicit outcome(const message& of);

  std::string_view status;
  std::optional<std::string_view> finish, error_code, error_message, model_id, model_name;
  std::optional<std::int64_t> prompt_tokens, completion_tokens;
  std::optional<bool> usage_reported;
  std::optional<std::int64_t> first_token, total;
  std::optional<std::string> tool_calls, stretches;
};

/// Runs an insert of PARLEY_MESSAGE_COLUMNS but `seq`, and of `more`.
template <class... More>
void insert_message(sqlite::statement& with, const message& added, const More&... more) {
  outcome of{added};
  std::optional<int> seat;
  if (added.seat)
    seat = *added.seat;
  with.run(added.id, added.session, added.turn, added.parent, name(added.role), seat, added.attempt, added.run, of.status,
           of.finish, of.error_code, of.error_message, of.model_id, of.model_name, of.prompt_tokens, of.completion_tokens,
           of.usage_reported, of.first_token, of.total, added.created_at, added.completed_at, of.tool_calls, added.reasoning,
           added.content, added.recovered, of.stretches, more...);
}

} // namespace parley::persistence
