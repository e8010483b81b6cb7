#include "config/stop_signals.hpp"

#include <csignal>

namespace parley::config {

namespace {

sigset_t both() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

} // namespace

stop_signals::stop_signals() {
  auto signals = both();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A shell starts background jobs with SIGINT ignored.
  std::signal(SIGINT, SIG_DFL);
  // A client that is gone is an error of its socket.
  std::signal(SIGPIPE, SIG_IGN);
}

bool stop_signals::wait_for(std::chrono::milliseconds time) {
  auto signals = both();
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timespec limit{seconds.count(), std::chrono::nanoseconds{time - seconds}.count()};
  came_ = sigtimedwait(&signals, nullptr, &limit) > 0;
  return came_;
}

int stop_signals::wait() {
  auto signals = both();
  int which = 0;
  sigwait(&signals, &which);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  return which;
}

} // namespace parley::config
