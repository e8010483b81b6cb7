#pragma once
// A session as its actor knows it: the session itself, its messages, and the epoch that it is written with. What happens changes
// it at once; what the store doesn't take is taken back. A value; nothing here sends or waits.

#include "actors/sessions/api.hpp"
#include "core/conversation.hpp"

namespace parley {

class session_record {
public:
  session_record() = default;
  explicit session_record(opened_session stored) { take(std::move(stored)); }

  session_id id() const { return about_.id; }
  const session& about() const { return about_; }
  const conversation& messages() const { return messages_; }
  /// Fences the writes of whoever had the session before.
  epoch held() const { return held_; }

  /// The store's word for all of it. True if that shows names which were hidden.
  bool take(opened_session stored);

  /// What a client changed. Returns the session as it was, for `take_back`.
  session change(const session_changes& wanted, unix_ms wall);

  /// The store didn't take that change. A vote that came meanwhile stays.
  void take_back(const session& before);

  /// A turn, which may give an untitled session its title. Returns the title as it was, for `title_again`.
  std::string begin_turn(const std::string& title, unix_ms wall);

  /// The store didn't take that turn: the title is as it was, unless somebody has set one.
  void title_again(const std::string& before);

  void append(const std::vector<message>& added);

  /// An answer that is there has its final state. It is as blind as the session is by now: there may have been a vote.
  void update(message answer);

  /// The same for one that may not be there.
  const message& put(message answer);

  /// The vote on a turn, by its user message: it shows the names.
  void take_vote(message_id question, const turn_vote& given);

private:
  session about_;
  conversation messages_;
  epoch held_ = 0;
};

} // namespace parley
