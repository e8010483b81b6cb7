#pragma once
// Who waits for the answer to which request of the persistence actor. Each request is answered once.

#include "actors/node/store_api.hpp"
#include "core/check.hpp"

#include <caf/response_promise.hpp>

#include <cstdint>
#include <unordered_map>
#include <utility>

namespace parley::persistence {

/// Numbers the requests whose answers are awaited.
using request_number = std::uint64_t;

class store_promises {
public:
  request_number next_number() { return ++last_; }

  void add(request_number request, caf::response_promise promise) { waiting_.emplace(request, std::move(promise)); }

  bool empty() const { return waiting_.empty(); }

  /// Added, and not answered yet.
  bool contains(request_number request) const { return waiting_.contains(request); }

  /// Answers it. It must not have been answered.
  template <class Answer>
  void deliver(request_number request, Answer&& answer) {
    auto found = waiting_.find(request);
    check(found != waiting_.end(), "a request to the store is answered once");
    auto promise = std::move(found->second);
    waiting_.erase(found);
    promise.deliver(std::forward<Answer>(answer));
  }

  void refuse(request_number request, const failure& why) { deliver(request, to_error(why)); }

private:
  std::unordered_map<request_number, caf::response_promise> waiting_;
  request_number last_ = 0;
};

} // namespace parley::persistence
