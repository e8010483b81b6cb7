#include "persistence/postgres/postgres_statements.hpp"

#include "persistence/postgres/postgres_rows.hpp"
#include "persistence/store/recovered_answer.hpp"

#include <algorithm>

namespace parley::persistence::postgres {

namespace {

template <class Ids>
std::string array_of(const Ids& ids) {
  array result;
  for (auto& id : ids)
    result.add(id);
  return result.text();
}

void insert_sessions(transaction& in, std::span<const session* const> created, const node_id& node) {
  session_columns of;
  for (auto* each : created)
    of.add(*each);
  in.run("INSERT INTO sessions (id, epoch, owner, mode, title, title_is_set, created_at, updated_at, models, parameters, "
         "system_prompt, blind) SELECT u.id, 1, $11::uuid, u.mode, u.title, u.title_is_set, " PARLEY_FROM_MS(
           "u.created") ", " PARLEY_FROM_MS("u.updated") ", u.models, u.parameters, u.system_prompt, u.blind "
                                                         "FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], "
                                                         "$5::bigint[], $6::bigint[], $7::jsonb[], $8::jsonb[], $9::text[], "
                                                         "$10::boolean[]) AS "
                                                         "u(id, mode, title, title_is_set, created, updated, models, "
                                                         "parameters, system_prompt, blind)",
         of.ids.text(), of.modes.text(), of.titles.text(), of.titles_set.text(), of.created.text(), of.updated.text(),
         of.models.text(), of.parameters.text(), of.system_prompts.text(), of.blind.text(), to_string(node));
}

/// `seq` rises in the order in which they are given.
void insert_messages(transaction& in, std::span<const message* const> appended) {
  message_places at;
  message_outcomes with;
  for (auto* each : appended) {
    at.add(*each);
    with.add(*each);
  }
  in.run(
    "INSERT INTO messages (id, session_id, turn_id, parent_id, role, seat, attempt, run_id, created_at, status, finish_reason, "
    "error_code, error_message, model_id, model_name, prompt_tokens, completion_tokens, usage_reported, first_token_ms, "
    "total_ms, completed_at, tool_calls, reasoning, content, recovered, stretches) "
    "SELECT u.id, u.session_id, u.turn_id, u.parent_id, u.role, u.seat, u.attempt, u.run_id, " PARLEY_FROM_MS(
      "u.created") ", u.status, u.finish_reason, u.error_code, u.error_message, u.model_id, u.model_name, u.prompt_tokens, "
                   "u.completion_tokens, u.usage_reported, u.first_token_ms, u.total_ms, " PARLEY_FROM_MS(
                     "u.completed") ", u.tool_calls, u.reasoning, u.content, u.recovered, u.stretches "
                                    "FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::smallint[], "
                                    "$7::integer[], $8::uuid[], $9::bigint[], $10::text[], $11::text[], $12::text[], "
                                    "$13::text[], $14::text[], $15::text[], $16::bigint[], $17::bigint[], $18::boolean[], "
                                    "$19::bigint[], $20::bigint[], $21::bigint[], $22::jsonb[], $23::text[], $24::text[], "
                                    "$25::boolean[], $26::jsonb[]) "
                                    "WITH ORDINALITY AS u(id, session_id, turn_id, parent_id, role, seat, attempt, run_id, "
                                    "created, status, finish_reason, error_code, error_message, model_id, model_name, "
                                    "prompt_tokens, completion_tokens, usage_reported, first_token_ms, total_ms, completed, "
                                    "tool_calls, reasoning, content, recovered, stretches, place) ORDER BY u.place",
    at.ids.text(), at.sessions.text(), at.turns.text(), at.parents.text(), at.roles.text(), at.seats.text(), at.attempts.text(),
    at.runs.text(), at.created.text(), with.statuses.text(), with.finishes.text(), with.error_codes.text(),
    with.error_messages.text(), with.model_ids.text(), with.model_names.text(), with.prompt_tokens.text(),
    with.completion_tokens.text(), with.usage_reported.text(), with.first_tokens.text(), with.totals.text(),
    with.completed.text(), with.tool_calls.text(), with.reasonings.text(), with.contents.text(), at.recovered.text(),
    with.stretches.text());
}

void update_sessions(transaction& in, const std::unordered_map<session_id, const session*>& changed) {
  session_columns of;
  for (auto& [id, each] : changed)
    of.add(*each);
  in.run("UPDATE sessions s SET title = u.title, title_is_set = u.title_is_set, updated_at = " PARLEY_FROM_MS(
           "u.updated") ", models = u.models, parameters = u.parameters, system_prompt = u.system_prompt "
                        "FROM unnest($1::uuid[], $2::text[], $3::boolean[], $4::bigint[], $5::jsonb[], $6::jsonb[], $7::text[]) "
                        "AS u(id, title, title_is_set, updated, models, parameters, system_prompt) WHERE s.id = u.id",
         of.ids.text(), of.titles.text(), of.titles_set.text(), of.updated.text(), of.models.text(), of.parameters.text(),
         of.system_prompts.text());
}

void store_pieces(transaction& in, const std::unordered_map<message_id, planned_pieces>& pieces) {
  array old_ids, old_begins, old_ends;
  array ids, positions, reasonings, contents;
  for (auto& [id, planned] : pieces) {
    for (auto& [begin, end] : planned.replaced) {
      old_ids.add(id);
      old_begins.add(static_cast<std::int64_t>(begin));
      old_ends.add(static_cast<std::int64_t>(end));
    }
    for (auto& [position, piece] : planned.added) {
      ids.add(id);
      positions.add(static_cast<std::int64_t>(position));
      reasonings.add(piece.reasoning);
      contents.add(piece.content);
    }
  }
  in.run("DELETE FROM answer_pieces p USING unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS u(id, first, past) "
         "WHERE p.message_id = u.id AND p.position >= u.first AND p.position < u.past",
         old_ids.text(), old_begins.text(), old_ends.text());
  in.run("INSERT INTO answer_pieces (message_id, position, reasoning, content) "
         "SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[])",
         ids.text(), positions.text(), reasonings.text(), contents.text());
}

void finish_answers(transaction& in, std::span<const message* const> finished) {
  array ids;
  message_outcomes with;
  for (auto* each : finished) {
    ids.add(each->id);
    with.add(*each);
  }
  in.run("WITH done AS (UPDATE messages m SET status = u.status, finish_reason = u.finish_reason, error_code = u.error_code, "
         "error_message = u.error_message, model_id = u.model_id, model_name = u.model_name, prompt_tokens = u.prompt_tokens, "
         "completion_tokens = u.completion_tokens, usage_reported = u.usage_reported, first_token_ms = u.first_token_ms, "
         "total_ms = u.total_ms, completed_at = " PARLEY_FROM_MS(
           "u.completed") ", tool_calls = u.tool_calls, reasoning = u.reasoning, content = u.content, stretches = u.stretches "
                          "FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], "
                          "$8::bigint[], $9::bigint[], $10::boolean[], $11::bigint[], $12::bigint[], $13::bigint[], "
                          "$14::jsonb[], $15::text[], $16::text[], $17::jsonb[]) AS u(id, status, finish_reason, error_code, "
                          "error_message, "
                          "model_id, model_name, prompt_tokens, completion_tokens, usage_reported, first_token_ms, total_ms, "
                          "completed, tool_calls, reasoning, content, stretches) WHERE m.id = u.id RETURNING m.id) "
                          "DELETE FROM answer_pieces WHERE message_id IN (SELECT id FROM done)",
         ids.text(), with.statuses.text(), with.finishes.text(), with.error_codes.text(), with.error_messages.text(),
         with.model_ids.text(), with.model_names.text(), with.prompt_tokens.text(), with.completion_tokens.text(),
         with.usage_reported.text(), with.first_tokens.text(), with.totals.text(), with.completed.text(), with.tool_calls.text(),
         with.reasonings.text(), with.contents.text(), with.stretches.text());
}

/// One at a time: people vote far less often than models speak.
void insert_vote(transaction& in, const record_vote& what) {
  auto session = to_string(what.session_key);
  auto id = to_string(what.id);
  auto choice = name(what.given.choice);
  in.run("INSERT INTO votes (turn_id, voter, id, session_id, preference, counted, created_at) "
         "VALUES ($1::uuid, $2, $3::uuid, $4::uuid, $5, $6::boolean, " PARLEY_FROM_MS("$7::bigint") ")",
         to_string(what.turn), what.voter, id, session, choice, what.given.counted, what.given.created_at);
  if (what.given.counted)
    in.run("INSERT INTO comparisons (vote_id, voted_at, left_model, right_model, preference) "
           "VALUES ($1::uuid, " PARLEY_FROM_MS("$2::bigint") ", $3, $4, $5)",
           id, what.given.created_at, what.left_model, what.right_model, choice);
  in.run(
    "UPDATE sessions SET blind = false, updated_at = greatest(updated_at, " PARLEY_FROM_MS("$2::bigint") ") "
                                                                                                         "WHERE id = $1::uuid",
    session, what.given.created_at);
}

} // namespace

epochs_by_session lock_sessions(transaction& in, std::span<const session_id> ids) {
  epochs_by_session result;
  for (auto row :
       in.run("SELECT id, epoch FROM sessions WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", array_of(ids)))
    result.emplace(id_in<session_id>(row[0]), row[1].as<epoch>());
  return result;
}

void read_rows(transaction& in, std::span<const store_write> writes, stored_rows& into) {
  std::vector<session_id> created;
  std::vector<message_id> named;
  std::vector<message_id> appended;
  std::vector<turn_id> voted;
  for (auto& what : writes) {
    if (auto* creation = std::get_if<create_session>(&what))
      created.push_back(creation->made.id);
    else if (auto* piece = std::get_if<append_checkpoint>(&what))
      named.push_back(piece->answer);
    else if (auto* finish = std::get_if<store_answer>(&what))
      named.push_back(finish->answer.id);
    else if (auto* vote = std::get_if<record_vote>(&what))
      voted.push_back(vote->turn);
    else if (auto* append = std::get_if<append_messages>(&what))
      for (auto& added : append->added) {
        appended.push_back(added.id);
        if (added.parent)
          named.push_back(*added.parent);
      }
  }
  if (!created.empty())
    for (auto row : in.run("SELECT " PARLEY_PG_SESSION " FROM sessions WHERE id = ANY($1::uuid[])", array_of(created))) {
      auto there = session_in(row);
      into.sessions.emplace(there.id, std::move(there));
    }
  if (!voted.empty())
    for (auto row : in.run("SELECT turn_id, voter, id FROM votes WHERE turn_id = ANY($1::uuid[])", array_of(voted)))
      into.votes.emplace(std::pair{id_in<turn_id>(row[0]), row[1].as<std::string>()}, id_in<vote_id>(row[2]));
  if (named.empty() && appended.empty())
    return;
  // A user's text tells whether a message is a repeated one; others are not worth their way.
  for (auto row : in.run("SELECT " PARLEY_PG_MESSAGE
                         ", '', CASE WHEN m.run_id IS NULL AND m.id = ANY($2::uuid[]) THEN m.content ELSE '' END "
                         "FROM messages m WHERE m.id = ANY($1::uuid[]) OR m.id = ANY($2::uuid[])",
                         array_of(named), array_of(appended))) {
    auto there = message_in(row);
    into.messages.emplace(there.id, std::move(there));
  }
}

void carry_out(transaction& in, const write_plan& plan, const node_id& node) {
  if (!plan.created.empty())
    insert_sessions(in, plan.created, node);
  if (!plan.appended.empty())
    insert_messages(in, plan.appended);
  if (!plan.changed.empty())
    update_sessions(in, plan.changed);
  for (auto* each : plan.votes)
    insert_vote(in, *each);
  if (!plan.begun.empty())
    in.run("UPDATE messages SET status = 'streaming' WHERE id = ANY($1::uuid[])", array_of(plan.begun));
  if (!plan.pieces.empty())
    store_pieces(in, plan.pieces);
  if (!plan.finished.empty())
    finish_answers(in, plan.finished);
}

std::unordered_map<session_id, opened_session> open_sessions(transaction& in, std::span<const session_id> ids,
                                                             const node_id& node) {
  std::unordered_map<session_id, opened_session> result;
  auto wanted = array_of(ids);
  for (auto row : in.run("UPDATE sessions SET epoch = epoch + 1, owner = $2::uuid WHERE id = ANY($1::uuid[]) "
                         "RETURNING " PARLEY_PG_SESSION ", epoch",
                         wanted, to_string(node))) {
    opened_session opened{session_in(row), row[10].as<epoch>(), {}};
    result.emplace(opened.about.id, std::move(opened));
  }
  auto read_messages = [&] {
    bool unfinished = false;
    for (auto row : in.run("SELECT " PARLEY_PG_MESSAGE ", m.reasoning, m.content FROM messages m "
                           "WHERE m.session_id = ANY($1::uuid[]) ORDER BY m.session_id, m.seq",
                           wanted)) {
      auto found = message_in(row);
      unfinished = unfinished || !is_final(found.status);
      result.at(found.session).messages.push_back(std::move(found));
    }
    return unfinished;
  };
  if (read_messages()) {
    interrupt_answers(in, ids);
    for (auto& [id, opened] : result)
      opened.messages.clear();
    read_messages();
  }
  return result;
}

std::vector<recovered_answer> recover_answers(transaction& in, std::span<const store_answer> answers) {
  std::vector<session_id> sessions;
  std::vector<message_id> ids;
  for (auto& what : answers) {
    sessions.push_back(what.session_key);
    ids.push_back(what.answer.id);
    ids.push_back(sibling_of(what.answer.id));
  }
  auto epochs = lock_sessions(in, sessions);
  std::unordered_map<message_id, message> stored;
  for (auto row : in.run("SELECT " PARLEY_PG_MESSAGE ", m.reasoning, m.content FROM messages m WHERE m.id = ANY($1::uuid[])",
                         array_of(ids))) {
    auto there = message_in(row);
    stored.emplace(there.id, std::move(there));
  }
  std::vector<recovered_answer> results;
  std::vector<const message*> finished;
  for (auto& what : answers) {
    auto& answer = what.answer;
    auto held = epochs.find(what.session_key);
    auto there = stored.find(answer.id);
    auto sibling = stored.find(sibling_of(answer.id));
    if (held == epochs.end() || there == stored.end() || there->second.session != what.session_key) {
      results.emplace_back();
    } else if (held->second == what.held && !is_final(there->second.status)) {
      finished.push_back(&answer);
      results.emplace_back(answer);
    } else if (same_outcome(there->second, answer)) {
      results.emplace_back(there->second);
    } else if (sibling != stored.end()) {
      results.emplace_back(sibling->second);
    } else {
      auto newest = in.run("SELECT coalesce(max(attempt), 0) FROM messages WHERE turn_id = $1::uuid AND seat = $2::smallint",
                           to_string(answer.turn), int{answer.seat.value_or(0)});
      const auto made = as_sibling(answer, newest[0][0].as<int>() + 1);
      const message* each = &made;
      insert_messages(in, {&each, 1});
      results.emplace_back(made);
    }
  }
  if (!finished.empty())
    finish_answers(in, finished);
  return results;
}

void delete_sessions(transaction& in, std::span<const session_id> ids) {
  in.run("DELETE FROM sessions WHERE id = ANY($1::uuid[])", array_of(ids));
}

std::vector<session_id> lock_unfinished_sessions(transaction& in, const node_id& node) {
  std::vector<session_id> result;
  for (auto row : in.run("SELECT s.id FROM sessions s WHERE s.owner = $1::uuid AND EXISTS (SELECT FROM messages m "
                         "WHERE m.session_id = s.id AND m.status IN ('pending', 'streaming')) "
                         "ORDER BY s.id LIMIT 20 FOR NO KEY UPDATE",
                         to_string(node)))
    result.push_back(id_in<session_id>(row[0]));
  return result;
}

void interrupt_answers(transaction& in, std::span<const session_id> ids) {
  in.run("WITH ended AS (UPDATE messages m SET status = 'failed', finish_reason = 'interrupted', "
         "completed_at = greatest(date_trunc('milliseconds', clock_timestamp()), m.created_at), "
         "reasoning = m.reasoning || coalesce((SELECT string_agg(p.reasoning, '' ORDER BY p.position) FROM answer_pieces p "
         "WHERE p.message_id = m.id), ''), "
         "content = m.content || coalesce((SELECT string_agg(p.content, '' ORDER BY p.position) FROM answer_pieces p "
         "WHERE p.message_id = m.id), '') "
         "WHERE m.session_id = ANY($1::uuid[]) AND m.status IN ('pending', 'streaming') RETURNING m.id) "
         "DELETE FROM answer_pieces WHERE message_id IN (SELECT id FROM ended)",
         array_of(ids));
}

} // namespace parley::persistence::postgres
