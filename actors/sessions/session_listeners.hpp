#pragma once
// Who listens to a session. They are told values, and encode them for whom they tell.

#include "actors/sessions/api.hpp"

#include <caf/send.hpp>

#include <vector>

namespace parley {

class session_listeners {
public:
  session_listeners() = default;
  /// `votes` may be null.
  explicit session_listeners(vote_listener votes) : votes_(std::move(votes)) {}

  void add(session_listener who) { listeners_.push_back(std::move(who)); }

  void remove(const caf::actor_addr& gone) {
    std::erase_if(listeners_, [&](const session_listener& each) { return each.address() == gone; });
  }

  bool empty() const { return listeners_.empty(); }

  void tell(session_news what) const {
    if (!empty())
      send(session_announced{std::make_shared<const session_news>(std::move(what))});
  }

  /// A run's messages are stored, and its log can be read.
  void tell_run(run_id run, const log_actor& log, const std::vector<message>& added) const {
    if (!empty())
      send(run_announced{run, log, std::make_shared<const std::vector<message>>(added)});
  }

  /// A vote that counts is stored.
  void tell_of_vote() const {
    if (votes_)
      caf::anon_send(votes_, votes_changed{});
  }

private:
  template <class What>
  void send(const What& what) const {
    for (auto& each : listeners_)
      caf::anon_send(each, what);
  }

  std::vector<session_listener> listeners_;
  vote_listener votes_;
};

} // namespace parley
