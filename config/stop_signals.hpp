#pragma once
// SIGTERM and SIGINT as the main thread's business: no handler, no thread, nothing to wake.

namespace parley::config {

/// Takes both signals for `wait()`, and ignores SIGPIPE. Made before any other thread, which inherits what it blocks.
class stop_signals {
public:
  stop_signals();

  /// Returns the first of them. From then on another one ends the process at once.
  int wait();
};

} // namespace parley::config
