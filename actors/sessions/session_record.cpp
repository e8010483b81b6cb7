#include "actors/sessions/session_record.hpp"

#include "actors/sessions/session_request.hpp"
#include "core/check.hpp"

#include <algorithm>

namespace parley {

bool session_record::take(opened_session stored) {
  check(stored.held > held_, "each time that a session is taken over its epoch rises");
  check(!about_.id || about_.id == stored.about.id, "a session stays the one that it is");
  bool was_blind = about_.blind;
  about_ = std::move(stored.about);
  held_ = stored.held;
  messages_ = conversation{std::move(stored.messages)};
  return was_blind && !about_.blind;
}

session session_record::change(const session_changes& wanted, unix_ms wall) {
  auto before = about_;
  apply(wanted, about_);
  about_.updated_at = wall;
  return before;
}

void session_record::take_back(const session& before) {
  auto blind = about_.blind;
  about_ = before;
  about_.blind = blind;
}

std::string session_record::begin_turn(const std::string& title, unix_ms wall) {
  about_.updated_at = wall;
  return std::exchange(about_.title, title);
}

void session_record::title_again(const std::string& before) {
  if (!about_.title_is_set)
    about_.title = before;
}

void session_record::append(const std::vector<message>& added) {
  for (auto& m : added)
    messages_.append(m);
}

void session_record::update(message answer) {
  answer.blind = about_.blind;
  messages_.update(std::move(answer));
}

const message& session_record::put(message answer) {
  auto id = answer.id;
  if (messages_.find(id)) {
    update(std::move(answer));
  } else {
    answer.blind = about_.blind;
    messages_.append(std::move(answer));
  }
  return checked(messages_.find(id), "a message that was put into a conversation is there");
}

void session_record::take_vote(message_id question, const turn_vote& given) {
  messages_.take_vote(question, given);
  about_.blind = false;
  about_.updated_at = std::max(about_.updated_at, given.created_at);
}

} // namespace parley
