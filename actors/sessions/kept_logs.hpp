#pragma once
// The logs of a node's finished runs: how long each is kept, and which of them go first: the oldest, when its time is over or all
// take too much memory.

#include "actors/runs/api.hpp"
#include "core/check.hpp"
#include "core/time.hpp"

#include <cstddef>
#include <deque>
#include <optional>

namespace parley {

struct kept_log {
  log_actor log;
  std::size_t bytes = 0;
  steady::time_point until;
};

class kept_logs {
public:
  void add(kept_log log) {
    bytes_ += log.bytes;
    logs_.push_back(std::move(log));
  }

  /// The oldest while all take more than `most` bytes; it isn't kept any more.
  std::optional<kept_log> take_excess(std::size_t most) { return take_oldest_if(bytes_ > most); }

  /// The oldest if its time is over.
  std::optional<kept_log> take_outlived(steady::time_point now) {
    return take_oldest_if(!logs_.empty() && logs_.front().until <= now);
  }

private:
  std::optional<kept_log> take_oldest_if(bool is_due) {
    if (!is_due)
      return std::nullopt;
    check(!logs_.empty() && bytes_ >= logs_.front().bytes, "what kept logs take is the sum of what each takes");
    auto oldest = std::move(logs_.front());
    logs_.pop_front();
    bytes_ -= oldest.bytes;
    return oldest;
  }

  std::deque<kept_log> logs_;
  std::size_t bytes_ = 0;
};

} // namespace parley
