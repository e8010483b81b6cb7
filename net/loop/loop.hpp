#pragma once
// The node's event loops: CAF's scheduler with one `reactor` per worker. A loop's actors, sockets and timers run on its one
// thread, so that none of them needs a lock, and a loop with nothing to do sleeps in epoll.
//
// The actor system owns the loops. When it goes, first the loops' threads end, then what their tasks still hold is let go,
// then the loops go themselves: an actor may keep a reference to its loop as long as it lives.

#include "actors/node/api.hpp"
#include "net/loop/reactor.hpp"

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace caf {
class actor_system;
class actor_system_config;
} // namespace caf

namespace parley::net {

class loop : public home_loop {
public:
  /// The loop whose thread this is; null on other threads.
  static loop* current();

  virtual reactor& events() = 0;
  /// For Beast, whose operations go on by what they post to it. No socket or timer of Asio's works here: nothing waits for
  /// them. Whoever begins something there says so by `run_guests`.
  virtual boost::asio::io_context& guests() = 0;
  /// Runs what was posted to `guests()`, later.
  virtual void run_guests() = 0;
  /// 0 for the first.
  virtual std::size_t index() const = 0;
  /// Runs `task` on the loop, never at once. Any thread.
  virtual void post(std::function<void()> task) = 0;
  virtual std::unique_ptr<loop_timer> make_timer(std::function<void()> due) = 0;
};

/// `home_loop::call` for one loop. On its thread only.
class upstream_caller {
public:
  virtual ~upstream_caller() = default;
  virtual std::unique_ptr<upstream_call> call(const std::shared_ptr<const upstream>& at, wire::upstream_request what,
                                              upstream_handler& handler) = 0;
};

using make_upstream_caller = std::function<std::unique_ptr<upstream_caller>(reactor&)>;

/// Makes the scheduler of the system to be ours, with that many workers (at least one). Each makes its way to upstreams by
/// `upstreams`; where that is empty, its actors must not call any.
void load_loops(caf::actor_system_config& config, std::size_t workers, make_upstream_caller upstreams);

/// The loops of a system that was configured by `load_loops`. Any thread.
class loops {
public:
  explicit loops(caf::actor_system& sys) : system_(&sys) {}
  std::size_t size() const;
  loop& at(std::size_t index) const;

private:
  caf::actor_system* system_;
};

} // namespace parley::net
