#pragma once
// The writes of the SQLite store (`core/store_request.hpp` says what each means), each within a transaction of the store's. What
// fails of a statement is an exception of `persistence/sqlite/sqlite.hpp`.

#include "core/store_request.hpp"
#include "persistence/sqlite/sqlite_lookups.hpp"
#include "persistence/store/store.hpp"

#include <optional>

namespace parley::persistence {

/// Of one connection, which lives longer, as `stored` does.
class sqlite_writes {
public:
  sqlite_writes(sqlite::connection& db, sqlite_lookups& stored) : db_(db), stored_(stored) {}

  expected<store_written> apply(const create_session& what);
  expected<store_written> apply(const open_session& what);
  expected<store_written> apply(const append_messages& what);
  expected<store_written> apply(const append_checkpoint& what);
  expected<store_written> apply(const store_answer& what);
  expected<store_written> apply(const update_session& what);
  expected<store_written> apply(const record_vote& what);
  expected<store_written> apply(const delete_session& what);
  expected<recovered_answer> take_back(const store_answer& what);

  /// Ends what runs, in all sessions: after a crash, when nobody can go on with it.
  void interrupt_all() { interrupt(all_running_.query()); }

private:
  expected<void> check_fence(session_id id, epoch held);
  std::optional<epoch> stored_epoch(session_id id);
  /// The `seq` of an answer, or nothing if it has its final state.
  expected<std::optional<std::int64_t>> running_answer(session_id session_key, message_id id);
  void finish(std::int64_t seq, const message& answer);
  void change(const session& changed);
  void interrupt(sqlite::rows running);

  sqlite::connection& db_;
  sqlite_lookups& stored_;

  sqlite::statement epoch_of_session_ = db_.prepare("SELECT epoch FROM sessions WHERE id = ?");
  sqlite::statement insert_session_ =
    db_.prepare("INSERT INTO sessions (" PARLEY_SESSION_COLUMNS ", epoch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)");
  sqlite::statement raise_epoch_ = db_.prepare("UPDATE sessions SET epoch = epoch + 1 WHERE id = ?");
  sqlite::statement update_session_ = db_.prepare(
    "UPDATE sessions SET title = ?2, title_is_set = ?3, updated_at = ?4, models = ?5, parameters = ?6, system_prompt = ?7 "
    "WHERE id = ?1");
  sqlite::statement delete_session_ = db_.prepare("DELETE FROM sessions WHERE id = ?");
  sqlite::statement status_of_message_ = db_.prepare("SELECT seq, status FROM messages WHERE id = ? AND session_id = ?");
  sqlite::statement newest_attempt_ = db_.prepare("SELECT max(attempt) FROM messages WHERE turn_id = ? AND seat IS ?");
  sqlite::statement insert_message_ =
    db_.prepare("INSERT INTO messages (" PARLEY_MESSAGE_COLUMNS
                ") VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  sqlite::statement finish_message_ = db_.prepare(
    "UPDATE messages SET status = ?2, finish_reason = ?3, error_code = ?4, error_message = ?5, model_id = ?6, model_name = ?7, "
    "prompt_tokens = ?8, completion_tokens = ?9, usage_reported = ?10, first_token_ms = ?11, total_ms = ?12, completed_at = ?13, "
    "tool_calls = ?14, reasoning = ?15, content = ?16, stretches = ?17 WHERE seq = ?1");
  sqlite::statement set_streaming_ = db_.prepare("UPDATE messages SET status = 'streaming' WHERE seq = ? AND status = 'pending'");
  sqlite::statement running_of_session_ =
    db_.prepare("SELECT id FROM messages WHERE session_id = ? AND status IN ('pending', 'streaming')");
  sqlite::statement all_running_ = db_.prepare("SELECT id FROM messages WHERE status IN ('pending', 'streaming')");
  sqlite::statement vote_on_turn_ = db_.prepare("SELECT id FROM votes WHERE turn_id = ? AND voter = ?");
  sqlite::statement insert_vote_ = db_.prepare(
    "INSERT INTO votes (turn_id, voter, id, session_id, preference, counted, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)");
  sqlite::statement insert_comparison_ =
    db_.prepare("INSERT INTO comparisons (vote_id, voted_at, left_model, right_model, preference) VALUES (?, ?, ?, ?, ?)");
  sqlite::statement show_names_ = db_.prepare("UPDATE sessions SET blind = 0, updated_at = max(updated_at, ?2) WHERE id = ?1");
  sqlite::statement insert_piece_ =
    db_.prepare("INSERT INTO answer_pieces (message_seq, position, reasoning, content) VALUES (?, ?, ?, ?)");
  sqlite::statement delete_pieces_ = db_.prepare("DELETE FROM answer_pieces WHERE message_seq = ?");
  sqlite::statement delete_pieces_between_ =
    db_.prepare("DELETE FROM answer_pieces WHERE message_seq = ? AND position >= ? AND position < ?");
};

} // namespace parley::persistence
