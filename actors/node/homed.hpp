#pragma once
// Actors that run on one event loop. Their messages and the callbacks of their sockets and timers come on one thread, so
// neither needs a lock. Without a home (tests) they are ordinary actors of the system's scheduler.

#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <utility>

namespace parley {

/// `Base` is an event-based actor, typed or not.
template <class Base>
class homed : public Base {
public:
  homed(caf::actor_config& cfg, caf::execution_unit* home) : Base(cfg), home_(home) {}

  using Base::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* from) override {
    Base::enqueue(std::move(element), home_ ? home_ : from);
  }

  void launch(caf::execution_unit* from, bool lazy, bool hide) override { Base::launch(home_ ? home_ : from, lazy, hide); }

  caf::resumable::resume_result resume(caf::execution_unit* from, std::size_t max_messages) override {
    auto result = Base::resume(home_ ? home_ : from, max_messages);
    if (result == caf::resumable::done)
      return result;
    after_batch();
    return this->finalize() ? caf::resumable::done : result;
  }

  /// Runs `callback` for an event from outside the mailbox (a socket, a timer) as if it were a message handler: it may
  /// send, request and quit. On the home loop only. Does nothing once the actor has ended.
  template <class Callback>
  void step(Callback&& callback) {
    if (this->getf(Base::is_terminated_flag | Base::is_shutting_down_flag | Base::is_cleaned_up_flag))
      return;
    caf::strong_actor_ptr alive{this->ctrl()};
    this->context(home_);
    try {
      callback();
      after_batch();
    } catch (const std::exception&) {
      this->quit(caf::make_error(caf::exit_reason::unhandled_exception));
    }
    this->bhvr_stack_.cleanup();
    this->finalize();
  }

protected:
  /// Called after each batch of messages and after each step: the place to turn what gathered into one write.
  virtual void after_batch() {}

  caf::execution_unit* home() const { return home_; }

private:
  caf::execution_unit* home_;
};

/// What a behavior function gets: `compare_actor::behavior_type compare(homed_pointer<compare_state, compare_actor> self, …)`.
template <class State, class Handle>
using homed_pointer = caf::stateful_actor<State, homed<typename Handle::base>>*;

namespace detail {

template <class State, class Handle>
class homed_function final : public caf::stateful_actor<State, homed<typename Handle::base>> {
public:
  using super = caf::stateful_actor<State, homed<typename Handle::base>>;
  using function = std::function<typename Handle::behavior_type(homed_pointer<State, Handle>)>;

  homed_function(caf::actor_config& cfg, caf::execution_unit* home, function init) : super(cfg, home), init_(std::move(init)) {}

protected:
  typename Handle::behavior_type make_behavior() override { return std::exchange(init_, nullptr)(this); }

private:
  function init_;
};

} // namespace detail

/// Spawns `init(self, xs…)` on the loop whose unit is `home`; null for the system's scheduler. Any thread.
template <class State, class Handle, class Init, class... Ts>
Handle spawn_homed(caf::actor_system& sys, caf::execution_unit* home, Init init, Ts... xs) {
  auto start = [init, ... xs = std::move(xs)](homed_pointer<State, Handle> self) mutable { return init(self, std::move(xs)...); };
  return sys.spawn<detail::homed_function<State, Handle>>(
    home, typename detail::homed_function<State, Handle>::function{std::move(start)});
}

} // namespace parley
