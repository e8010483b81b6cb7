#pragma once
// Who listens to a session, and what they are told: each frame is encoded once, for all of them.

#include "actors/sessions/api.hpp"

#include <string_view>
#include <vector>

namespace parley {

class session_listeners {
public:
  void add(session_listener who) { listeners_.push_back(std::move(who)); }
  void remove(const caf::actor_addr& gone);
  bool empty() const { return listeners_.empty(); }

  /// `action` is `updated` or `deleted`.
  void session_changed(std::string_view action, const session_view& now) const;

  /// A run's messages are stored, and its log can be read.
  void run_began(run_id run, const log_actor& log, const std::vector<message>& added) const;

  /// There is a vote on a turn, its user message is `question`; with it the session has changed.
  void turn_voted(const message& question, const session_view& now) const;

  /// An answer that no log could say this of.
  void answer_is_stored(const message& answer) const;

  void somebody_types(const relay_typing& what) const;

private:
  template <class What>
  void tell(const What& what) const;

  std::vector<session_listener> listeners_;
};

} // namespace parley
