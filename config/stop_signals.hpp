#pragma once
// SIGTERM and SIGINT as the main thread's business: no handler, no thread, nothing to wake.

#include <chrono>

namespace parley::config {

/// Takes both signals for `wait()`, and ignores SIGPIPE. Made before any other thread, which inherits what it blocks.
class stop_signals {
public:
  stop_signals();

  /// True if one of them came in that time; `wait` has it no more, `came` tells of it.
  bool wait_for(std::chrono::milliseconds time);
  bool came() const { return came_; }

  /// Returns the first of them. From then on another one ends the process at once.
  int wait();

private:
  bool came_ = false;
};

} // namespace parley::config
