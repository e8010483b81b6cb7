#pragma once
// Jobs on their way from an actor to a thread that may block.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace parley::persistence {

/// What a job asks of the thread: to be taken at once, or within the queue's patience, together with what else comes.
enum class urgency { at_once, soon };

/// Pushed to from any thread, taken from by one. Bounded: each job has a weight, in whatever the owner counts.
template <class Job>
class job_queue {
public:
  /// Of the jobs that can wait, so many are enough to be taken at once, and about so many are taken together: what is taken
  /// keeps a core for a while, and jobs at once wait for it …
  static constexpr std::size_t enough_soon = 64;
  /// … and about so many go along with jobs at once, which wait for those, too.
  static constexpr std::size_t taken_along = 16;

  explicit job_queue(std::size_t capacity, std::chrono::milliseconds patience = {}) : capacity_(capacity), patience_(patience) {}

  /// False if the job would be over the capacity together with the jobs that wait or are being done (one that is alone, or
  /// weighs nothing, is never too heavy), and after `close`.
  bool push(Job&& job, std::size_t weight, urgency how = urgency::at_once) {
    bool wakes = false;
    {
      std::lock_guard guard{mutex_};
      if (closed_
          || (weight != 0 && waiting_weight_ + taken_weight_ != 0 && waiting_weight_ + taken_weight_ + weight > capacity_))
        return false;
      auto had_none = empty();
      auto was_due = due();
      waiting_weight_ += weight;
      if (how == urgency::at_once) {
        at_once_.push_back(std::move(job));
        at_once_weight_ += weight;
      } else {
        soon_.push_back({std::move(job), weight});
      }
      wakes = had_none || (!was_due && due());
    }
    if (wakes)
      changed_.notify_one();
    return true;
  }

  /// Sleeps until there are jobs that are due, and takes all that are to be done at once, then some of the others, each in the
  /// order in which they came. None once the queue is closed and empty.
  std::vector<Job> take() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return closed_ || !empty(); });
    changed_.wait_for(guard, patience_, [this] { return closed_ || due(); });
    taken_weight_ = std::exchange(at_once_weight_, 0);
    auto taken = std::exchange(at_once_, {});
    // A part of them, so that a queue that grows is emptied in larger parts.
    auto wanted = taken.empty() ? std::max(enough_soon, soon_.size() / 2) : std::max(taken_along, soon_.size() / 8);
    for (auto count = std::min(soon_.size(), wanted); count > 0; --count) {
      taken_weight_ += soon_.front().weight;
      taken.push_back(std::move(soon_.front().job));
      soon_.pop_front();
    }
    waiting_weight_ -= taken_weight_;
    return taken;
  }

  /// All that wait, for who gave them: they will not be done. Doesn't sleep.
  std::vector<Job> withdraw() {
    std::lock_guard guard{mutex_};
    auto waiting = std::exchange(at_once_, {});
    for (auto& each : soon_)
      waiting.push_back(std::move(each.job));
    soon_.clear();
    waiting_weight_ = at_once_weight_ = 0;
    return waiting;
  }

  /// What was taken is done, and weighs no more.
  void done() {
    std::lock_guard guard{mutex_};
    taken_weight_ = 0;
  }

  /// Takes no more; what waits is still to be done.
  void close() {
    {
      std::lock_guard guard{mutex_};
      closed_ = true;
    }
    changed_.notify_one();
  }

  bool closed() const {
    std::lock_guard guard{mutex_};
    return closed_;
  }

private:
  struct patient_job {
    Job job;
    std::size_t weight = 0;
  };

  bool empty() const { return at_once_.empty() && soon_.empty(); }

  /// No patience is asked of what waits.
  bool due() const { return !at_once_.empty() || soon_.size() >= enough_soon || waiting_weight_ > capacity_ / 2; }

  const std::size_t capacity_;
  const std::chrono::milliseconds patience_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> at_once_;
  std::deque<patient_job> soon_;
  /// Of all that wait, and of those to be taken at once.
  std::size_t waiting_weight_ = 0;
  std::size_t at_once_weight_ = 0;
  std::size_t taken_weight_ = 0;
  bool closed_ = false;
};

} // namespace parley::persistence
