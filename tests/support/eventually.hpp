#pragma once
// Waiting for what other threads do, in tests of real sockets and threads.

#include <chrono>
#include <thread>

namespace parley::test {

/// True if it came to be, within a time far beyond what is needed.
template <class Condition>
bool eventually(Condition condition) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!condition() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  return condition();
}

} // namespace parley::test
