#pragma once
// Rows of the PostgreSQL store's tables as values, and values as the arrays that its statements unnest.

#include "core/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <pqxx/result>
#include <pqxx/row>

namespace parley::persistence::postgres {

/// A column of values on its way into a statement, as the text of a PostgreSQL array.
class array {
public:
  void add(std::string_view text);
  void add(std::int64_t number) { add_bare(std::to_string(number)); }
  void add(bool value) { add_bare(value ? "t" : "f"); }
  void add_null() { add_bare("NULL"); }

  template <class Tag>
  void add(const basic_id<Tag>& id) {
    add_bare(to_string(id));
  }

  template <class T>
  void add(const std::optional<T>& value) {
    if (value)
      add(*value);
    else
      add_null();
  }

  /// The whole array.
  std::string text() const { return text_ + "}"; }

private:
  /// For what needs no quotes.
  void add_bare(std::string_view text) {
    next();
    text_ += text;
  }

  void next() {
    if (text_.size() > 1)
      text_ += ',';
  }

  std::string text_ = "{";
};

/// `'…'` of milliseconds since 1970 as a timestamptz, and back. Exact, unlike `to_timestamp`. NULL stays NULL.
#define PARLEY_FROM_MS(column) "'epoch'::timestamptz + " column " * interval '1 millisecond'"
#define PARLEY_TO_MS(column) "(extract(epoch FROM " column ") * 1000)::bigint"

/// What `session_in` reads.
#define PARLEY_PG_SESSION                                                                                                        \
  "id, mode, title, title_is_set, " PARLEY_TO_MS("created_at") ", " PARLEY_TO_MS("updated_at") ", models, parameters, "          \
                                                                                               "system_prompt, blind"

session session_in(const pqxx::row& row);

/// Of the vote on the turn, if the message `m` is its question.
#define PARLEY_PG_VOTE(column)                                                                                                   \
  "CASE WHEN m.role = 'user' THEN (SELECT " column " FROM votes v WHERE v.turn_id = m.turn_id AND v.voter = 'owner') END"

/// What `message_in` reads, of the table `messages` as `m`; the texts come last, in the query's own way: reasoning, content.
#define PARLEY_PG_MESSAGE                                                                                                        \
  "m.id, m.session_id, m.turn_id, m.parent_id, m.role, m.seat, m.attempt, m.run_id, m.status, m.finish_reason, m.error_code, "   \
  "m.error_message, m.model_id, m.model_name, m.prompt_tokens, m.completion_tokens, m.usage_reported, m.first_token_ms, "        \
  "m.total_ms, " PARLEY_TO_MS("m.created_at") ", coalesce(" PARLEY_TO_MS(                                                        \
    "m.completed_at") ", 0), m.tool_calls, m.recovered, m.stretches, "                                                           \
                      "(SELECT s.blind FROM sessions s WHERE s.id = m.session_id), " PARLEY_PG_VOTE(                             \
                        "v.preference") ", " PARLEY_PG_VOTE("v.counted") ", " PARLEY_PG_VOTE(PARLEY_TO_MS("v.created_at"))

message message_in(const pqxx::row& row);

template <class Id>
Id id_in(const pqxx::field& field) {
  return parse_id<Id>({field.c_str(), field.size()}).value_or(Id{});
}

/// Messages as columns: what never changes …
struct message_places {
  void add(const message& of);

  array ids, sessions, turns, parents, roles, seats, attempts, runs, created, recovered;
};

/// … and what the finish settles.
struct message_outcomes {
  void add(const message& of);

  array statuses, finishes, error_codes, error_messages, model_ids, model_names, prompt_tokens, completion_tokens, usage_reported,
    first_tokens, totals, completed, tool_calls, stretches, reasonings, contents;
};

struct session_columns {
  void add(const session& of);

  array ids, modes, titles, titles_set, created, updated, models, parameters, system_prompts, blind;
};

} // namespace parley::persistence::postgres
