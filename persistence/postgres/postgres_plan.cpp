#include "persistence/postgres/postgres_plan.hpp"

#include "core/check.hpp"
#include "persistence/store/repeated_write.hpp"

#include <limits>
#include <unordered_set>

namespace parley::persistence {

session_id session_of(const store_write& what) {
  struct {
    session_id operator()(const create_session& one) const { return one.made.id; }
    session_id operator()(const open_session& one) const { return one.id; }
    session_id operator()(const append_messages& one) const { return one.session_key; }
    session_id operator()(const append_checkpoint& one) const { return one.session_key; }
    session_id operator()(const store_answer& one) const { return one.session_key; }
    session_id operator()(const update_session& one) const { return one.changed.id; }
    session_id operator()(const record_vote& one) const { return one.session_key; }
    session_id operator()(const delete_session& one) const { return one.id; }
  } get;
  return std::visit(get, what);
}

std::vector<session_id> sessions_of(std::span<const store_write> writes) {
  std::vector<session_id> result;
  for (auto& what : writes)
    result.push_back(session_of(what));
  return result;
}

std::size_t length_of_segment(std::span<const store_write> writes) {
  auto kind = [](const store_write& what) {
    return std::holds_alternative<open_session>(what) ? 1 : std::holds_alternative<delete_session>(what) ? 2 : 0;
  };
  std::unordered_set<session_id> opened;
  check(!writes.empty(), "a batch is carried out in parts that have a write");
  std::size_t length = 0;
  while (length < writes.size() && kind(writes[length]) == kind(writes[0])
         && (kind(writes[0]) != 1 || opened.insert(session_of(writes[length])).second))
    ++length;
  return length;
}

expected<store_written> write_plan::add(const store_write& what) {
  return std::visit(
    [this](auto& one) -> expected<store_written> {
      using type = std::decay_t<decltype(one)>;
      if constexpr (std::is_same_v<type, open_session> || std::is_same_v<type, delete_session>)
        return fail(ec::internal, "Such a write is not planned.");
      else
        return apply(one);
    },
    what);
}

expected<store_written> write_plan::apply(const create_session& what) {
  auto& made = what.made;
  if (auto there = rows_.sessions.find(made.id); there != rows_.sessions.end()) {
    if (there->second != made)
      return fail(ec::id_conflict, "The id is taken.");
    return {};
  }
  rows_.sessions.emplace(made.id, made);
  rows_.epochs.emplace(made.id, 1);
  created.push_back(&made);
  return {};
}

expected<store_written> write_plan::apply(const append_messages& what) {
  if (auto held = check_fence(what.session_key, what.held); !held)
    return tl::unexpected{held.error()};
  std::size_t repeated = 0;
  std::unordered_set<message_id> ids;
  for (auto& added : what.added) {
    if (added.session != what.session_key)
      return fail(ec::internal, "A message belongs to another session.");
    if (!ids.insert(added.id).second)
      return fail(ec::id_conflict, "The id is taken.");
    if (auto there = rows_.messages.find(added.id); there != rows_.messages.end()) {
      if (!is_repeat(there->second, added))
        return fail(ec::id_conflict, "The id is taken.");
      ++repeated;
    }
  }
  // All or nothing, and so an earlier request that was carried out has left all of them.
  if (repeated != 0 && repeated != what.added.size())
    return fail(ec::id_conflict, "Some of the ids are taken.");
  if (repeated == 0) {
    ids.clear();
    for (auto& added : what.added) {
      if (added.parent && !ids.contains(*added.parent)) {
        auto parent = rows_.messages.find(*added.parent);
        if (parent == rows_.messages.end() || parent->second.session != what.session_key)
          return fail(ec::internal, "A message follows one that its session does not have.");
      }
      ids.insert(added.id);
    }
    for (auto& added : what.added) {
      rows_.messages.emplace(added.id, added);
      appended.push_back(&added);
    }
  }
  if (what.changed)
    changed[what.changed->id] = &*what.changed;
  return {};
}

expected<store_written> write_plan::apply(const append_checkpoint& what) {
  if (auto held = check_fence(what.session_key, what.held); !held)
    return tl::unexpected{held.error()};
  auto answer = running_answer(what.session_key, what.answer);
  if (!answer)
    return tl::unexpected{answer.error()};
  if (!*answer)
    return {};
  if ((*answer)->status == message_status::pending) {
    (*answer)->status = message_status::streaming;
    begun.push_back(what.answer);
  }
  auto& [replaced, added] = pieces[what.answer];
  if (what.begins_again) {
    replaced = {{0, std::numeric_limits<std::int64_t>::max()}};
    added.clear();
  }
  if (auto size = what.content.size() + what.reasoning.size(); size > 0) {
    // What was sent before and is sent again, in the same pieces or in larger ones.
    auto end = what.position + size;
    replaced.emplace_back(what.position, end);
    added.erase(added.lower_bound(what.position), added.lower_bound(end));
    added.emplace(what.position, planned_pieces::piece{what.reasoning, what.content});
  }
  return {};
}

expected<store_written> write_plan::apply(const store_answer& what) {
  if (auto held = check_fence(what.session_key, what.held); !held)
    return tl::unexpected{held.error()};
  if (!is_final(what.answer.status))
    return fail(ec::internal, "The state of the answer is not final.");
  auto answer = running_answer(what.session_key, what.answer.id);
  if (!answer)
    return tl::unexpected{answer.error()};
  if (*answer) {
    (*answer)->status = what.answer.status;
    pieces.erase(what.answer.id);
    finished.push_back(&what.answer);
  }
  return {};
}

expected<store_written> write_plan::apply(const update_session& what) {
  if (auto held = check_fence(what.changed.id, what.held); !held)
    return tl::unexpected{held.error()};
  changed[what.changed.id] = &what.changed;
  return {};
}

expected<store_written> write_plan::apply(const record_vote& what) {
  if (auto held = check_fence(what.session_key, what.held); !held)
    return tl::unexpected{held.error()};
  auto [there, is_new] = rows_.votes.try_emplace({what.turn, what.voter}, what.id);
  if (is_new)
    votes.push_back(&what);
  else if (there->second != what.id)
    return fail(ec::already_voted, "There is a vote on this turn already.");
  return {};
}

expected<void> write_plan::check_fence(session_id id, epoch held) const {
  auto current = rows_.epochs.find(id);
  if (current == rows_.epochs.end())
    return fail(ec::not_found, "There is no such session.");
  if (current->second != held)
    return fail(ec::fenced, "The session has another owner.");
  return {};
}

expected<message*> write_plan::running_answer(session_id session_key, message_id id) {
  auto found = rows_.messages.find(id);
  if (found == rows_.messages.end() || found->second.session != session_key)
    return fail(ec::not_found, "There is no such message.");
  return is_final(found->second.status) ? nullptr : &found->second;
}

} // namespace parley::persistence
