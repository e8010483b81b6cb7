#include "persistence/sqlite/sqlite_writes.hpp"

#include "core/check.hpp"
#include "persistence/store/recovered_answer.hpp"
#include "persistence/store/repeated_write.hpp"
#include "persistence/store/stored_json.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::persistence {

namespace {

unix_ms now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

} // namespace

expected<store_written> sqlite_writes::apply(const create_session& what) {
  auto& made = what.made;
  if (auto there = stored_.stored_session(made.id)) {
    if (*there != made)
      return fail(ec::id_conflict, "The id is taken.");
    return {};
  }
  insert_session_.run(made.id, name(made.mode), made.title, made.title_is_set, made.created_at, made.updated_at,
                      models_to_json(made.models), parameters_to_json(made.parameters), made.system_prompt, made.blind);
  return {};
}

expected<store_written> sqlite_writes::apply(const open_session& what) {
  auto about = stored_.stored_session(what.id);
  if (!about)
    return tl::unexpected{about.error()};
  raise_epoch_.run(what.id);
  interrupt(running_of_session_.query(what.id));
  auto held = stored_epoch(what.id);
  check(held.has_value(), "a session that is there has an epoch");
  opened_session opened{std::move(*about), *held, {}};
  auto found = stored_.messages_after.query(what.id, 0, -1);
  while (found.next())
    opened.messages.push_back(whole_message_in(found));
  return opened;
}

expected<store_written> sqlite_writes::apply(const append_messages& what) {
  if (auto held = check_fence(what.session_key, what.held); !held)
    return tl::unexpected{held.error()};
  std::size_t repeated = 0;
  for (auto& added : what.added) {
    if (added.session != what.session_key)
      return fail(ec::internal, "A message belongs to another session.");
    if (auto there = stored_.stored_message(added.id)) {
      if (!is_repeat(*there, added))
        return fail(ec::id_conflict, "The id is taken.");
      ++repeated;
    }
  }
  // All or nothing, and so an earlier request that was carried out has left all of them.
  if (repeated != 0 && repeated != what.added.size())
    return fail(ec::id_conflict, "Some of the ids are taken.");
  if (repeated == 0)
    for (auto& added : what.added) {
      if (added.parent && !status_of_message_.query(*added.parent, what.session_key).next())
        return fail(ec::internal, "A message follows one that its session does not have.");
      insert_message(insert_message_, added);
    }
  if (what.changed)
    change(*what.changed);
  return {};
}

expected<store_written> sqlite_writes::apply(const append_checkpoint& what) {
  if (auto held = check_fence(what.session_key, what.held); !held)
    return tl::unexpected{held.error()};
  auto seq = running_answer(what.session_key, what.answer);
  if (!seq)
    return tl::unexpected{seq.error()};
  if (!*seq)
    return {};
  if (what.position == 0) // else an earlier piece has said so
    set_streaming_.run(**seq);
  if (what.begins_again)
    delete_pieces_.run(**seq);
  auto size = what.content.size() + what.reasoning.size();
  if (size > 0) {
    // What was sent before and is sent again, in the same pieces or in larger ones.
    delete_pieces_between_.run(**seq, what.position, what.position + size);
    insert_piece_.run(**seq, what.position, what.reasoning, what.content);
  }
  return {};
}

expected<store_written> sqlite_writes::apply(const store_answer& what) {
  if (auto held = check_fence(what.session_key, what.held); !held)
    return tl::unexpected{held.error()};
  if (!is_final(what.answer.status))
    return fail(ec::internal, "The state of the answer is not final.");
  auto seq = running_answer(what.session_key, what.answer.id);
  if (!seq)
    return tl::unexpected{seq.error()};
  if (*seq)
    finish(**seq, what.answer);
  return {};
}

expected<store_written> sqlite_writes::apply(const update_session& what) {
  if (auto held = check_fence(what.changed.id, what.held); !held)
    return tl::unexpected{held.error()};
  change(what.changed);
  return {};
}

expected<store_written> sqlite_writes::apply(const record_vote& what) {
  if (auto held = check_fence(what.session_key, what.held); !held)
    return tl::unexpected{held.error()};
  if (auto there = vote_on_turn_.query(what.turn, what.voter); there.next()) {
    if (there.id<vote_id>(0) != what.id)
      return fail(ec::already_voted, "There is a vote on this turn already.");
    return {};
  }
  auto choice = name(what.given.choice);
  insert_vote_.run(what.turn, what.voter, what.id, what.session_key, choice, what.given.counted, what.given.created_at);
  if (what.given.counted)
    insert_comparison_.run(what.id, what.given.created_at, what.left_model, what.right_model, choice);
  show_names_.run(what.session_key, what.given.created_at);
  return {};
}

expected<store_written> sqlite_writes::apply(const delete_session& what) {
  delete_session_.run(what.id);
  return {};
}

expected<recovered_answer> sqlite_writes::take_back(const store_answer& what) {
  auto held = stored_epoch(what.session_key);
  auto there = stored_.stored_message(what.answer.id);
  if (!held || !there || there->session != what.session_key)
    return std::nullopt;
  if (*held == what.held && !is_final(there->status)) {
    if (auto done = apply(what); !done)
      return tl::unexpected{done.error()};
    return what.answer;
  }
  if (same_outcome(*there, what.answer))
    return there;
  if (auto earlier = stored_.stored_message(sibling_of(what.answer.id)))
    return earlier;
  auto newest = newest_attempt_.query(there->turn, there->seat ? std::optional<int>{*there->seat} : std::nullopt);
  auto sibling = as_sibling(what.answer, newest.next() ? static_cast<int>(newest.integer(0)) + 1 : 1);
  insert_message(insert_message_, sibling);
  return sibling;
}

// -- what they have in common ----------------------------------------------------------------------------------------

expected<void> sqlite_writes::check_fence(session_id id, epoch held) {
  auto current = stored_epoch(id);
  if (!current)
    return fail(ec::not_found, "There is no such session.");
  if (*current != held)
    return fail(ec::fenced, "The session has another owner.");
  return {};
}

std::optional<epoch> sqlite_writes::stored_epoch(session_id id) {
  auto found = epoch_of_session_.query(id);
  if (!found.next())
    return std::nullopt;
  return static_cast<epoch>(found.integer(0));
}

expected<std::optional<std::int64_t>> sqlite_writes::running_answer(session_id session_key, message_id id) {
  auto found = status_of_message_.query(id, session_key);
  if (!found.next())
    return fail(ec::not_found, "There is no such message.");
  auto status = parse_message_status(found.text(1));
  if (!status || is_final(*status))
    return std::optional<std::int64_t>{};
  return std::optional{found.integer(0)};
}

void sqlite_writes::finish(std::int64_t seq, const message& answer) {
  outcome with{answer};
  finish_message_.run(seq, with.status, with.finish, with.error_code, with.error_message, with.model_id, with.model_name,
                      with.prompt_tokens, with.completion_tokens, with.usage_reported, with.first_token, with.total,
                      answer.completed_at, with.tool_calls, answer.reasoning, answer.content, with.stretches);
  delete_pieces_.run(seq);
}

void sqlite_writes::change(const session& changed) {
  update_session_.run(changed.id, changed.title, changed.title_is_set, changed.updated_at, models_to_json(changed.models),
                      parameters_to_json(changed.parameters), changed.system_prompt);
}

void sqlite_writes::interrupt(sqlite::rows running) {
  // Collected first: changing what a statement still reads is undefined. One at a time would read as often as there
  // are answers, and all their texts at once would be too much.
  std::vector<message_id> ids;
  while (running.next())
    ids.push_back(running.id<message_id>(0));
  for (auto id : ids) {
    std::int64_t seq = 0;
    message answer;
    {
      auto found = stored_.message_by_id.query(id);
      auto is_there = found.next();
      check(is_there, "a message that runs is there");
      seq = found.integer(0);
      answer = stored_.message_so_far(found);
    }
    answer.status = message_status::failed;
    answer.finish = finish_reason::interrupted;
    answer.completed_at = std::max(now(), answer.created_at);
    finish(seq, answer);
  }
}

} // namespace parley::persistence
