#pragma once
// What the SQLite store's reads and writes both look up, within a transaction of whoever asks.

#include "core/error.hpp"
#include "persistence/sqlite/sqlite.hpp"
#include "persistence/sqlite/sqlite_rows.hpp"

namespace parley::persistence {

struct sqlite_lookups {
  expected<session> stored_session(session_id id) {
    auto found = session_by_id.query(id);
    if (!found.next())
      return fail(ec::not_found, "There is no such session.");
    return session_in(found);
  }

  std::optional<message> stored_message(message_id id) {
    auto found = message_by_id.query(id);
    if (!found.next())
      return std::nullopt;
    return whole_message_in(found);
  }

  /// The message of the row, a running answer with its pieces.
  message message_so_far(const sqlite::rows& row) {
    auto result = whole_message_in(row);
    if (result.status == message_status::streaming) {
      auto pieces = pieces_of_message.query(row.integer(0));
      while (pieces.next()) {
        result.reasoning += pieces.text(0);
        result.content += pieces.text(1);
      }
    }
    return result;
  }

  /// Lives longer than this.
  sqlite::connection& db;

  sqlite::statement session_by_id = db.prepare("SELECT " PARLEY_SESSION_COLUMNS " FROM sessions WHERE id = ?");
  sqlite::statement message_by_id = db.prepare(PARLEY_SELECT_WHOLE_MESSAGES " WHERE id = ?");
  sqlite::statement messages_after =
    db.prepare(PARLEY_SELECT_WHOLE_MESSAGES " WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?");
  sqlite::statement pieces_of_message =
    db.prepare("SELECT reasoning, content FROM answer_pieces WHERE message_seq = ? ORDER BY position");
};

} // namespace parley::persistence
