#include "core/conversation.hpp"

#include "core/check.hpp"

#include <algorithm>

namespace parley {

namespace {

std::size_t text_bytes(const message& m) {
  auto bytes = m.content.size() + m.reasoning.size();
  for (auto& call : m.tool_calls)
    bytes += call.name.size() + call.arguments.size();
  return bytes;
}

/// Imported answers stand for every participant's.
bool speaks_for(const message& answer, participant seat) {
  return answer.role == message_role::assistant && (!answer.seat || *answer.seat == seat);
}

} // namespace

conversation::conversation(std::vector<message> messages) {
  messages_.reserve(messages.size());
  for (auto& m : messages)
    append(std::move(m));
}

const message* conversation::find(message_id id) const {
  auto at = by_id_.find(id);
  return at == by_id_.end() ? nullptr : &messages_[at->second];
}

std::optional<message_id> conversation::newest_leaf() const {
  // The newest message says which branch is the newest; of its turn, the first seat's newest answer is continued.
  if (messages_.empty())
    return std::nullopt;
  auto user = user_message_of(messages_.back().id);
  if (!user)
    return messages_.back().id;
  auto answers = answers_of(user->id);
  const message* leaf = nullptr;
  for (auto* answer : answers)
    if (!leaf || !leaf->seat || (answer->seat && *answer->seat <= *leaf->seat))
      leaf = answer;
  return leaf ? leaf->id : user->id;
}

std::vector<const message*> conversation::answers_of(message_id user_message) const {
  std::vector<const message*> answers;
  if (auto at = by_parent_.find(user_message); at != by_parent_.end())
    for (auto index : at->second)
      if (messages_[index].role == message_role::assistant)
        answers.push_back(&messages_[index]);
  return answers;
}

bool conversation::is_last_turn(message_id user_message) const {
  auto continued = [&](message_id parent) {
    auto at = by_parent_.find(parent);
    return at != by_parent_.end() && std::any_of(at->second.begin(), at->second.end(), [&](std::size_t index) {
             return messages_[index].role == message_role::user;
           });
  };
  auto answers = answers_of(user_message);
  return !continued(user_message)
         && std::none_of(answers.begin(), answers.end(), [&](const message* answer) { return continued(answer->id); });
}

const message* conversation::user_message_of(message_id id) const {
  auto found = find(id);
  if (found && found->role == message_role::assistant && found->parent)
    found = find(*found->parent);
  return found && found->role == message_role::user ? found : nullptr;
}

int conversation::next_attempt(message_id user_message, participant seat) const {
  int newest = 0;
  for (auto* answer : answers_of(user_message))
    if (answer->seat == seat)
      newest = std::max(newest, answer->attempt);
  return newest + 1;
}

prompt conversation::prompt_for(participant seat, const message& question, const session& about,
                                std::size_t history_bytes) const {
  // Backwards along the branch: the newest turns are the last to be left out.
  std::vector<prompt_message> backwards{{message_role::user, question.content}};
  std::vector<const message*> imported_system;
  auto bytes = question.content.size();
  bool full = false;
  const message* before = question.parent ? find(*question.parent) : nullptr;
  while (before) {
    if (before->role == message_role::system) {
      imported_system.push_back(before);
      before = before->parent ? find(*before->parent) : nullptr;
      continue;
    }
    // A turn: the user's message with the seat's own answer, whichever answer the branch goes through. An imported answer
    // without a question before it stands alone.
    auto* user = user_message_of(before->id);
    auto* first = user ? user : before;
    const message* answer = user ? nullptr : before;
    if (user)
      for (auto* candidate : answers_of(user->id)) {
        if (!speaks_for(*candidate, seat) || !is_final(candidate->status) || candidate->content.empty())
          continue;
        if (!answer || candidate->status == message_status::success || answer->status != message_status::success)
          answer = candidate;
      }
    if (answer && !full) {
      auto turn_bytes = answer->content.size() + (user ? user->content.size() : 0);
      full = bytes + turn_bytes > history_bytes;
      if (!full) {
        bytes += turn_bytes;
        backwards.push_back({message_role::assistant, answer->content});
        if (user)
          backwards.push_back({message_role::user, user->content});
      }
    }
    before = first->parent ? find(*first->parent) : nullptr;
  }
  prompt result;
  result.system = about.system_prompt;
  for (auto i = imported_system.rbegin(); i != imported_system.rend(); ++i) {
    if (!result.system.empty())
      result.system += "\n\n";
    result.system += (*i)->content;
  }
  result.messages.assign(std::make_move_iterator(backwards.rbegin()), std::make_move_iterator(backwards.rend()));
  result.parameters = about.parameters;
  return result;
}

void conversation::append(message added) {
  auto index = messages_.size();
  auto is_new = by_id_.emplace(added.id, index).second;
  check(is_new, "a conversation has each message once");
  if (added.parent)
    by_parent_[*added.parent].push_back(index);
  bytes_ += text_bytes(added);
  has_turns_ = has_turns_ || (added.role == message_role::assistant && added.run);
  messages_.push_back(std::move(added));
}

void conversation::update(message changed) {
  auto at = by_id_.find(changed.id);
  if (at == by_id_.end())
    return;
  auto& there = messages_[at->second];
  bytes_ = bytes_ - text_bytes(there) + text_bytes(changed);
  there = std::move(changed);
}

void conversation::take_vote(message_id user_message, const turn_vote& given) {
  if (auto at = by_id_.find(user_message); at != by_id_.end())
    messages_[at->second].vote = given;
  for (auto& m : messages_)
    m.blind = false;
}

} // namespace parley
