#include "net/stream/shared_buffers.hpp"

#include <memory>

namespace parley::net {

shared_buffers& buffers() {
  // Not in the thread's static storage: only threads that run loops need it.
  static thread_local std::unique_ptr<shared_buffers> mine = std::make_unique<shared_buffers>();
  return *mine;
}

} // namespace parley::net
