#pragma once
// Jobs on their way from an actor to a thread that may block.

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace parley::persistence {

/// Pushed to from any thread, taken from by one. Bounded: each job has a weight, in whatever the owner counts.
template <class Job>
class job_queue {
public:
  explicit job_queue(std::size_t capacity) : capacity_(capacity) {}

  /// False if the job would be over the capacity together with the jobs that wait or are being done (one that is alone is
  /// never too heavy), and after `close`.
  bool push(Job&& job, std::size_t weight) {
    {
      std::lock_guard guard{mutex_};
      if (closed_ || (waiting_weight_ + taken_weight_ != 0 && waiting_weight_ + taken_weight_ + weight > capacity_))
        return false;
      waiting_.push_back(std::move(job));
      waiting_weight_ += weight;
    }
    changed_.notify_one();
    return true;
  }

  /// Sleeps until there are jobs, and takes all of them in their order. None once the queue is closed and empty.
  std::vector<Job> take() {
    std::unique_lock guard{mutex_};
    changed_.wait(guard, [this] { return closed_ || !waiting_.empty(); });
    taken_weight_ = std::exchange(waiting_weight_, 0);
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
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> waiting_;
  std::size_t waiting_weight_ = 0;
  std::size_t taken_weight_ = 0;
  bool closed_ = false;
};

} // namespace parley::persistence
