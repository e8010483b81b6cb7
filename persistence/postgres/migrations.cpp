#include "persistence/postgres/migrations.hpp"

namespace parley::persistence {

namespace {

// The names are not qualified: the tables live where the role's `search_path` puts them.
constexpr const char* sessions_and_messages = R"sql(
CREATE TABLE sessions (
  id            uuid        PRIMARY KEY,
  epoch         bigint      NOT NULL,
  owner         uuid        NOT NULL, -- the node that created or opened it last
  mode          text        NOT NULL,
  title         text        NOT NULL,
  title_is_set  boolean     NOT NULL,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL,
  models        jsonb       NOT NULL, -- [{"id","display_name"}], one per participant
  parameters    jsonb       NOT NULL, -- {"temperature"?,"top_p"?,"max_tokens"?,"stop"?}
  system_prompt text        NOT NULL
);

CREATE TABLE messages (
  id                uuid        PRIMARY KEY,
  seq               bigint      NOT NULL GENERATED ALWAYS AS IDENTITY, -- rises by creation within a session
  session_id        uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  turn_id           uuid        NOT NULL,
  parent_id         uuid        REFERENCES messages (id), -- no cascade: sessions are deleted whole
  role              text        NOT NULL,
  seat              smallint,
  attempt           integer     NOT NULL,
  run_id            uuid,
  status            text        NOT NULL,
  finish_reason     text,
  error_code        text,
  error_message     text,
  model_id          text,
  model_name        text,
  prompt_tokens     bigint,
  completion_tokens bigint,
  usage_reported    boolean,
  first_token_ms    bigint,
  total_ms          bigint,
  created_at        timestamptz NOT NULL,
  completed_at      timestamptz,
  tool_calls        jsonb,                -- [{"id","name","arguments"}]; NULL for none
  reasoning         text        NOT NULL,
  content           text        NOT NULL
);

-- The transcript of a session.
CREATE UNIQUE INDEX messages_of_session ON messages (session_id, seq);
-- When a message is deleted, PostgreSQL looks for its children.
CREATE INDEX messages_by_parent ON messages (parent_id);
-- One answer for each seat and attempt of a turn.
CREATE UNIQUE INDEX messages_attempt ON messages (turn_id, seat, attempt) WHERE seat IS NOT NULL;
-- What a crash leaves behind.
CREATE INDEX messages_running ON messages (session_id) WHERE status IN ('pending', 'streaming');

-- What has come of running answers; the finish replaces it.
CREATE TABLE answer_pieces (
  message_id uuid   NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
  position   bigint NOT NULL, -- in bytes of content and reasoning together
  reasoning  text   NOT NULL,
  content    text   NOT NULL,
  PRIMARY KEY (message_id, position)
);
)sql";

constexpr const char* recovered_answers = R"sql(
ALTER TABLE messages ADD COLUMN recovered boolean NOT NULL DEFAULT false; -- it came out of a spool, beside the attempt it was
)sql";

// What was voted in a session goes with it. What the leaderboard counts is apart, and knows no session.
constexpr const char* votes = R"sql(
ALTER TABLE sessions ADD COLUMN blind boolean NOT NULL DEFAULT false; -- nobody may learn its models yet

CREATE TABLE votes (
  turn_id    uuid        NOT NULL,
  voter      text        NOT NULL,
  id         uuid        NOT NULL UNIQUE,
  session_id uuid        NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  preference text        NOT NULL, -- the best answer's seat as a letter, or tie, or both_bad
  counted    boolean     NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (turn_id, voter)
);

-- When a session is deleted.
CREATE INDEX votes_of_session ON votes (session_id);

-- The votes that count: two models' answers to one question, judged by somebody who didn't know whose they were.
CREATE TABLE comparisons (
  vote_id     uuid        NOT NULL PRIMARY KEY,
  voted_at    timestamptz NOT NULL,
  left_model  text        NOT NULL,
  right_model text        NOT NULL,
  preference  text        NOT NULL -- a: the left one was better; b: the right one; tie; both_bad
);

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
ALTER TABLE messages ADD COLUMN stretches jsonb; -- [{"kind","call"?,"bytes"?}]; NULL for none
)sql";

constexpr const char* migrations[] = {sessions_and_messages, recovered_answers, votes, comparisons_in_pairs, answer_stretches};

} // namespace

std::span<const char* const> postgres_migrations() {
  return migrations;
}

} // namespace parley::persistence
