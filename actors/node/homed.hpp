#pragma once
// What all our actors are built on: an actor that runs on one event loop, if it is given one, and whose death is told.
//
// The messages of an actor with a home and the callbacks of its sockets and timers come on one thread, so neither needs a lock.
// One without a home (the node's singletons, sessions; all of them in tests) is an ordinary actor of the system's scheduler.

#include "actors/node/faults.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace parley {

/// Within a catch block: the error that ends the actor whose exception is being handled. It carries what the exception says.
caf::error death_by_exception();

/// What an actor died of, in words; empty if it ended as it should.
std::string explain_death(const caf::error& why);

/// `Base` is an event-based actor, typed or not.
template <class Base>
class homed : public Base {
public:
  homed(caf::actor_config& cfg, caf::execution_unit* home) : Base(cfg), home_(home) {
    this->context(home); // as `step` expects it
    this->set_exception_handler([](caf::scheduled_actor*, std::exception_ptr& what) {
      try {
        std::rethrow_exception(what);
      } catch (...) {
        return death_by_exception();
      }
    });
  }

  using Base::enqueue;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* from) override {
    Base::enqueue(std::move(element), home_ ? home_ : from);
  }

  void launch(caf::execution_unit* from, bool lazy, bool hide) override { Base::launch(home_ ? home_ : from, lazy, hide); }

  caf::resumable::resume_result resume(caf::execution_unit* from, std::size_t max_messages) override {
    auto result = Base::resume(home_ ? home_ : from, max_messages);
    if (result == caf::resumable::done)
      return result;
    dies_of_exception([this] { after_batch(); });
    if (this->finalize())
      return caf::resumable::done;
    this->context(home_); // as `step` expects it
    return result;
  }

  /// Runs `callback` for an event from outside the mailbox (a socket, a timer) as if it were a message handler: it may
  /// send, request and quit, and an exception ends the actor. On the home loop only. Does nothing once the actor has ended.
  template <class Callback>
  void step(Callback&& callback) {
    caf::strong_actor_ptr alive{this->ctrl()};
    step_while_held(std::forward<Callback>(callback));
  }

  /// The same for a caller who holds a reference to this actor until it returns.
  ///
  /// Called for each chunk, up to three actors deep, so it touches few of the actor's cache lines: what only an actor that ends
  /// needs is done for one that ends.
  template <class Callback>
  void step_while_held(Callback&& callback) {
    if (this->getf(Base::is_terminated_flag | Base::is_shutting_down_flag | Base::is_cleaned_up_flag))
      return;
    dies_of_exception([&] {
      callback();
      after_batch();
    });
    if (this->getf(Base::is_terminated_flag | Base::is_shutting_down_flag)) {
      this->bhvr_stack_.cleanup();
      this->finalize();
    }
  }

  /// Final, so that no actor forgets to tell of its death: see `ended`.
  void on_exit() final {
    if (auto why = explain_death(this->fail_state()); !why.empty())
      report_death(this->name(), why, ids());
    ended();
  }

protected:
  /// Called after each batch of messages and after each step: the place to turn what gathered into one write.
  virtual void after_batch() {}

  /// What a line of the log that is about this actor says of it.
  virtual log_ids ids() const { return {}; }

  /// The actor has ended: lets go of what it holds. Called once, as CAF's `on_exit`.
  virtual void ended() {}

  caf::execution_unit* home() const { return home_; }

private:
  template <class F>
  void dies_of_exception(F&& what) {
    try {
      what();
    } catch (...) {
      this->quit(death_by_exception());
    }
  }

  caf::execution_unit* home_;
};

/// An actor whose state is a `State`, made before its first message, and destroyed when it ends. What a `State` may have beside
/// what its behavior needs: `static constexpr const char* name`, and `log_ids ids() const`.
template <class State, class Handle>
class homed_actor final : public homed<typename Handle::base> {
public:
  using function = std::function<typename Handle::behavior_type(homed_actor*)>;

  homed_actor(caf::actor_config& cfg, caf::execution_unit* home, function init)
    : homed<typename Handle::base>(cfg, home), init_(std::move(init)) {
    if constexpr (std::is_constructible_v<State, homed_actor*>)
      std::construct_at(&state, this);
    else
      std::construct_at(&state);
  }

  // The state is gone: an actor is destroyed after it has ended.
  ~homed_actor() override {} // NOLINT(modernize-use-equals-default)

  const char* name() const override { return State::name; }

  union {
    State state;
  };

protected:
  typename Handle::behavior_type make_behavior() override { return std::exchange(init_, nullptr)(this); }

  log_ids ids() const override {
    if constexpr (requires { state.ids(); })
      return state.ids();
    else
      return {};
  }

  void ended() override { std::destroy_at(&state); }

private:
  function init_;
};

/// What a behavior function gets: `compare_actor::behavior_type compare(homed_pointer<compare_state, compare_actor> self, …)`.
template <class State, class Handle>
using homed_pointer = homed_actor<State, Handle>*;

/// Spawns `init(self, xs…)` on the loop whose unit is `home`; null for the system's scheduler. Any thread.
template <class State, class Handle, class Init, class... Ts>
Handle spawn_homed(caf::actor_system& sys, caf::execution_unit* home, Init init, Ts... xs) {
  auto start = [init, ... xs = std::move(xs)](homed_pointer<State, Handle> self) mutable { return init(self, std::move(xs)...); };
  return sys.spawn<homed_actor<State, Handle>>(home, typename homed_actor<State, Handle>::function{std::move(start)});
}

} // namespace parley
