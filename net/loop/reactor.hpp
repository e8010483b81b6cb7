#pragma once
// What one thread waits for: sockets, times, and tasks from any thread. An epoll set in which each socket is registered
// once, for all that it may tell (decision 0010). It knows nothing of CAF or Asio.

#include "core/time.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <sys/epoll.h>
#include <vector>

namespace parley::net {

/// Hears of a socket.
class socket_watcher {
public:
  /// `events` by the names of epoll_ctl(2): EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR. Told when something changes,
  /// and only then: who doesn't read or write until the socket has no more isn't told again.
  virtual void socket_changed(std::uint32_t events) = 0;

protected:
  ~socket_watcher() = default;
};

/// All but `post` on the one thread that runs it. An exception that leaves a callback is reported (`actors/node/faults.hpp`), and
/// nothing more: what must follow from it for the socket or the actor is done before it comes here.
class reactor {
public:
  /// Throws `std::system_error` where the kernel gives no epoll set.
  reactor();
  ~reactor();
  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;

  /// Tells of `socket` from now on, first of what it is ready for already. False if the kernel refuses; `errno` says why.
  bool watch(int socket, socket_watcher& who);

  /// `who` hears nothing more. Before the socket is closed.
  void forget(int socket, socket_watcher& who);

  /// Runs `task` later, in order, never at once. Any thread.
  void post(std::function<void()> task);

  /// Does the next thing that there is to do, and waits for one until then at most; not at all for a time that has passed.
  /// One thing is the news of one socket, or the timers that are due and the tasks that were posted. False if there was none.
  bool run_once(steady::time_point until = steady::time_point::max());

  /// Lets go of the tasks that are waiting, and of what they hold. True if there were any.
  bool drop_tasks();

private:
  friend class loop_timer;

  /// Timers and tasks come after at most that many sockets.
  static constexpr std::size_t news_per_call = 32;

  /// -1 for ever, as epoll_wait(2) wants it.
  static int milliseconds_until(steady::time_point when);
  bool fall_asleep();
  void ask(steady::time_point until);
  /// These tell whether there was anything.
  bool tell_next();
  bool run_others();
  bool run_timers();
  bool run_tasks();

  int epoll_;
  /// Written to by `post` while the thread sleeps.
  int waker_;
  /// What epoll told last; a forgotten watcher's entry is null.
  std::array<epoll_event, news_per_call> told_;
  std::size_t told_count_ = 0;
  std::size_t next_told_ = 0;
  /// Timers and tasks have their turn before epoll is asked again.
  bool told_any_ = false;
  std::multimap<steady::time_point, class loop_timer*> timers_;

  std::mutex mutex_;
  /// Both guarded by `mutex_`.
  std::vector<std::function<void()>> tasks_;
  bool asleep_ = false;
};

/// Calls back at a time, never early, to a millisecond. Moving it to a later time costs nothing, for it stays in line for
/// the earlier one and looks then: so a deadline may move with every byte.
class loop_timer {
public:
  loop_timer(reactor& on, std::function<void()> due) : reactor_(on), callback_(std::move(due)) {}
  /// No callback comes any more.
  ~loop_timer();
  loop_timer(const loop_timer&) = delete;
  loop_timer& operator=(const loop_timer&) = delete;

  /// Replaces an earlier time. The callback comes once.
  void set(steady::time_point when);
  void cancel() { due_ = never; }

private:
  friend class reactor;

  using line = std::multimap<steady::time_point, loop_timer*>;
  static constexpr auto never = steady::time_point::max();

  void stand_in_line(steady::time_point when);
  void leave_line();
  void turn_has_come(steady::time_point now);

  reactor& reactor_;
  std::function<void()> callback_;
  steady::time_point due_ = never;
  bool in_line_ = false;
  /// Where it stands, while it stands in line …
  line::iterator place_;
  /// … and else what it stood on, if it ever did: standing in line again allocates nothing.
  line::node_type spare_;
};

} // namespace parley::net
