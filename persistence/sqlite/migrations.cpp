#include "persistence/sqlite/migrations.hpp"

namespace parley::persistence {

namespace {

// Ids are the 16 bytes of a UUID, times are milliseconds since 1970. The long texts stand last in their tables: SQLite
// reads a row from its beginning, and what is over a page only if asked for.
constexpr const char* sessions_and_messages = R"sql(
CREATE TABLE sessions (
  id            BLOB    NOT NULL PRIMARY KEY,
  epoch         INTEGER NOT NULL,
  mode          TEXT    NOT NULL,
  title         TEXT    NOT NULL,
  title_is_set  INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  models        TEXT    NOT NULL, -- JSON: [{"id","display_name"}], one per participant
  parameters    TEXT    NOT NULL, -- JSON: {"temperature"?,"top_p"?,"max_tokens"?,"stop"?}
  system_prompt TEXT    NOT NULL
) STRICT;

CREATE TABLE messages (
  seq               INTEGER NOT NULL PRIMARY KEY, -- rises by creation: the order within a session
  id                BLOB    NOT NULL UNIQUE,
  session_id        BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  turn_id           BLOB    NOT NULL,
  -- Not ON DELETE CASCADE: a long branch would be a recursion as deep as it is long. Sessions are deleted whole.
  parent_id         BLOB    REFERENCES messages (id),
  role              TEXT    NOT NULL,
  seat              INTEGER,
  attempt           INTEGER NOT NULL,
  run_id            BLOB,
  status            TEXT    NOT NULL,
  finish_reason     TEXT,
  error_code        TEXT,
  error_message     TEXT,
  model_id          TEXT,
  model_name        TEXT,
  prompt_tokens     INTEGER,
  completion_tokens INTEGER,
  usage_reported    INTEGER,
  first_token_ms    INTEGER,
  total_ms          INTEGER,
  created_at        INTEGER NOT NULL,
  completed_at      INTEGER NOT NULL,
  tool_calls        TEXT,             -- JSON: [{"id","name","arguments"}]; NULL for none
  reasoning         TEXT    NOT NULL,
  content           TEXT    NOT NULL
) STRICT;

-- The transcript of a session: the index ends in `seq`, as every index of SQLite's does in the primary key.
CREATE INDEX messages_of_session ON messages (session_id);
-- When a message is deleted, SQLite looks for its children.
CREATE INDEX messages_by_parent ON messages (parent_id);
-- One answer for each seat and attempt of a turn.
CREATE UNIQUE INDEX messages_attempt ON messages (turn_id, seat, attempt) WHERE seat IS NOT NULL;
-- What a crash leaves behind.
CREATE INDEX messages_running ON messages (session_id) WHERE status IN ('pending', 'streaming');

-- What has come of running answers; the finish replaces it.
CREATE TABLE answer_pieces (
  message_seq INTEGER NOT NULL REFERENCES messages (seq) ON DELETE CASCADE,
  position    INTEGER NOT NULL, -- in bytes of content and reasoning together
  reasoning   TEXT    NOT NULL,
  content     TEXT    NOT NULL,
  PRIMARY KEY (message_seq, position)
) STRICT;
)sql";

// At the row's end, where SQLite adds columns: whoever reads it reads the texts before it anyway.
constexpr const char* recovered_answers = R"sql(
ALTER TABLE messages ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0; -- it came out of a spool, beside the attempt it was
)sql";

// What was voted in a session goes with it. What the leaderboard counts is apart, and knows no session.
constexpr const char* votes = R"sql(
ALTER TABLE sessions ADD COLUMN blind INTEGER NOT NULL DEFAULT 0; -- nobody may learn its models yet

CREATE TABLE votes (
  turn_id    BLOB    NOT NULL,
  voter      TEXT    NOT NULL,
  id         BLOB    NOT NULL UNIQUE,
  session_id BLOB    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  preference TEXT    NOT NULL, -- the best answer's seat as a letter, or tie, or both_bad
  counted    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (turn_id, voter)
) STRICT;

-- When a session is deleted.
CREATE INDEX votes_of_session ON votes (session_id);

-- The votes that count: two models' answers to one question, judged by somebody who didn't know whose they were.
CREATE TABLE comparisons (
  vote_id     BLOB    NOT NULL PRIMARY KEY,
  voted_at    INTEGER NOT NULL,
  left_model  TEXT    NOT NULL,
  right_model TEXT    NOT NULL,
  preference  TEXT    NOT NULL -- a: the left one was better; b: the right one; tie; both_bad
) STRICT;

-- Those since a time.
CREATE INDEX comparisons_by_time ON comparisons (voted_at);
)sql";

// They are counted pair by pair: in this order, and with all that is asked, the index alone answers, and nothing is sorted.
constexpr const char* comparisons_in_pairs = R"sql(
DROP INDEX comparisons_by_time;
CREATE INDEX comparisons_in_pairs ON comparisons (left_model, right_model, preference, voted_at);
)sql";

// The order in which an answer came, so that telling it again gives its events their numbers.
constexpr const char* answer_stretches = R"sql(
ALTER TABLE messages ADD COLUMN stretches TEXT; -- JSON: [{"kind","call"?,"bytes"?}]; NULL for none
)sql";

constexpr const char* migrations[] = {sessions_and_messages, recovered_answers, votes, comparisons_in_pairs, answer_stretches};

} // namespace

std::span<const char* const> sqlite_migrations() {
  return migrations;
}

} // namespace parley::persistence
