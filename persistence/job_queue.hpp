#pragma once
// Jobs on their way from an actor to a thread that may block.

#include <chrono>
#include <condition_variable>
#include <cstddef>
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
      wakes = waiting_.empty();
      waiting_.push_back(std::move(job));
      waiting_weight_ += weight;
      if (how == urgency::at_once || waiting_weight_ > capacity_ / 2)
        wakes = !std::exchange(urgent_, true) || wakes;
    }
    if (wakes)
      changed_.notify_one();
    return true;
  }

  /// Sleeps until there are jobs, and takes all of them in their order: at once if any of them asks for it, else after the
  /// queue's patience. None once the queue is closed and empty.
  std::vector<Job> take() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return closed_ || !waiting_.empty(); });
    changed_.wait_for(guard, patience_, [this] { return closed_ || urgent_; });
    urgent_ = false;
    taken_weight_ = std::exchange(waiting_weight_, 0);
    return std::exchange(waiting_, {});
  }

  /// All that wait, for who gave them: they will not be done. Doesn't sleep.
  std::vector<Job> withdraw() {
    std::lock_guard guard{mutex_};
    urgent_ = false;
    waiting_weight_ = 0;
    return std::exchange(waiting_, {});
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
  const std::size_t capacity_;
  const std::chrono::milliseconds patience_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> waiting_;
  std::size_t waiting_weight_ = 0;
  std::size_t taken_weight_ = 0;
  /// One of those that wait is to be taken at once.
  bool urgent_ = false;
  bool closed_ = false;
};

} // namespace parley::persistence
