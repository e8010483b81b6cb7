#pragma once
// An actor's alarm for times that move with each event: it is set anew only where it would come too late, for one that comes too
// early costs no more than a look.

#include "actors/node/api.hpp"

#include <memory>
#include <utility>

namespace parley {

class lazy_alarm {
public:
  /// Without one it never comes.
  explicit lazy_alarm(std::unique_ptr<alarm> from = nullptr) : alarm_(std::move(from)) {}

  /// It comes at that time or before.
  void by(steady::time_point when) {
    if (when >= set_for_ || !alarm_)
      return;
    set_for_ = when;
    alarm_->set(when);
  }

  /// To be said when it came.
  void came() { set_for_ = steady::time_point::max(); }

  /// Nothing comes until `by` is called again; a tick that is under way may still come.
  void cancel() {
    set_for_ = steady::time_point::max();
    if (alarm_)
      alarm_->cancel();
  }

private:
  std::unique_ptr<alarm> alarm_;
  steady::time_point set_for_ = steady::time_point::max();
};

} // namespace parley
