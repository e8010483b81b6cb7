#include "net/loop/reactor.hpp"

#include "actors/node/faults.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace parley::net {

reactor::reactor() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), waker_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  epoll_event wake{};
  wake.events = EPOLLIN | EPOLLET; // each write tells anew: nobody needs to read it
  if (epoll_ == -1 || waker_ == -1 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, waker_, &wake) != 0)
    throw std::system_error(errno, std::system_category(), "an event loop can't be made");
}

reactor::~reactor() {
  while (drop_tasks())
    continue;
  ::close(waker_);
  ::close(epoll_);
}

// -- sockets ---------------------------------------------------------------------------------------------------------

bool reactor::watch(int socket, socket_watcher& who) {
  epoll_event all{};
  all.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  all.data.ptr = &who;
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &all) == 0;
}

void reactor::forget(int socket, socket_watcher& who) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
  for (auto i = next_told_; i < told_count_; ++i)
    if (told_[i].data.ptr == &who)
      told_[i].data.ptr = nullptr;
}

// -- tasks -----------------------------------------------------------------------------------------------------------

void reactor::post(std::function<void()> task) {
  {
    std::lock_guard guard{mutex_};
    tasks_.push_back(std::move(task));
    if (!std::exchange(asleep_, false))
      return;
  }
  std::uint64_t one = 1;
  // It can't fail but for a counter that is full, and then the thread is being woken.
  [[maybe_unused]] auto written = ::write(waker_, &one, sizeof(one));
}

bool reactor::run_tasks() {
  std::vector<std::function<void()>> now;
  {
    std::lock_guard guard{mutex_};
    asleep_ = false;
    if (tasks_.empty())
      return false;
    now.swap(tasks_);
  }
  for (auto& task : now) {
    // What it holds goes before the next one runs.
    auto run = std::move(task);
    guarded("task", run);
  }
  return true;
}

bool reactor::drop_tasks() {
  std::vector<std::function<void()>> dropped;
  std::lock_guard guard{mutex_};
  dropped.swap(tasks_);
  return !dropped.empty();
}

// -- running ---------------------------------------------------------------------------------------------------------

bool reactor::fall_asleep() {
  std::lock_guard guard{mutex_};
  return asleep_ = tasks_.empty();
}

int reactor::milliseconds_until(steady::time_point when) {
  if (when == steady::time_point::max())
    return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(when - steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

bool reactor::run_once(steady::time_point until) {
  if (tell_next())
    return true;
  // Sockets, then what else there is, then sockets again: neither starves the other.
  if (std::exchange(told_any_, false) && run_others())
    return true;
  ask(until);
  told_any_ = told_count_ > 0;
  return tell_next() || run_others();
}

bool reactor::tell_next() {
  while (next_told_ < told_count_) {
    auto& news = told_[next_told_++];
    if (auto* who = static_cast<socket_watcher*>(news.data.ptr)) {
      guarded("socket", [&] { who->socket_changed(news.events); });
      return true;
    }
  }
  return false;
}

bool reactor::run_others() {
  auto timers = run_timers();
  return run_tasks() || timers;
}

void reactor::ask(steady::time_point until) {
  if (!timers_.empty())
    until = std::min(until, timers_.begin()->first);
  auto wait = milliseconds_until(until);
  if (wait != 0 && !fall_asleep())
    wait = 0;
  auto told = ::epoll_wait(epoll_, told_.data(), static_cast<int>(told_.size()), wait);
  told_count_ = told > 0 ? static_cast<std::size_t>(told) : 0;
  next_told_ = 0;
}

bool reactor::run_timers() {
  if (timers_.empty())
    return false;
  auto now = steady::now();
  auto any = false;
  for (; !timers_.empty() && timers_.begin()->first <= now; any = true)
    timers_.begin()->second->turn_has_come(now);
  return any;
}

// -- timers ----------------------------------------------------------------------------------------------------------

loop_timer::~loop_timer() {
  leave_line();
}

void loop_timer::set(steady::time_point when) {
  due_ = when;
  if (!in_line_ || when < place_->first)
    stand_in_line(when);
}

void loop_timer::stand_in_line(steady::time_point when) {
  leave_line();
  if (spare_) {
    spare_.key() = when;
    place_ = reactor_.timers_.insert(std::move(spare_));
  } else {
    place_ = reactor_.timers_.emplace(when, this);
  }
  in_line_ = true;
}

void loop_timer::leave_line() {
  if (std::exchange(in_line_, false))
    spare_ = reactor_.timers_.extract(place_);
}

void loop_timer::turn_has_come(steady::time_point now) {
  leave_line();
  if (due_ == never)
    return;
  if (now < due_)
    return stand_in_line(due_);
  due_ = never;
  // The callback may end the timer.
  auto call = callback_;
  guarded("timer", call);
}

} // namespace parley::net
