#pragma once
// The threads on which a store's blocking calls are made. The persistence actor gives them jobs; they answer it by messages.

#include "actors/node/faults.hpp"
#include "actors/node/store_api.hpp"
#include "persistence/job_queue.hpp"
#include "persistence/persistence.hpp"
#include "persistence/store_promises.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <thread>

namespace parley::persistence {

using store_read = std::variant<list_sessions, find_session, find_message, list_messages, tally_votes>;
using store_found = std::variant<session_page, session, message, message_page, vote_tally>;

// -- what the threads tell -------------------------------------------------------------------------------------------

struct spool_job {
  request_number request = 0;
  store_answer what;
};

/// From the writing thread, for the requests of a batch.
struct batch_written {
  std::vector<std::pair<request_number, expected<store_written>>> answers;
  /// Those that are to go into the spool instead.
  std::vector<spool_job> to_spool;
  /// Only of a store with a spool: why it is away.
  std::optional<failure> away;
};

/// From the writing thread: an answer has left the spool, and is in the store like this.
struct answer_left_spool {
  message stored;
};

/// From the writing thread, for each `replay_job`: the store is there, and what was in the spool is in it. Or why not.
struct spool_replayed {
  expected<void> outcome;
  /// No batch had failed that the actor hadn't heard of when it sent the job: writes are carried out again.
  bool resumes = false;
};

/// From the spooling thread.
struct answers_spooled {
  std::vector<std::pair<request_number, expected<void>>> answers;
};

/// From a reading thread.
struct read_done {
  std::size_t reader = 0;
  request_number request = 0;
  expected<store_found> answer;
};

/// From the sentinel's thread: for those who asked for the store's health, and for the actor itself.
struct sentinel_heard {
  std::vector<request_number> asked;
  expected<void> outcome;
};

/// From each thread: its last message.
struct thread_done {
  bool wrote = false;
};

// -- what the actor tells itself -------------------------------------------------------------------------------------

/// What came before the exit message has been taken.
struct take_no_more {};

/// Is the store still there?
struct watch_store {};

/// Is the store there again?
struct look_for_store {};

/// The actor as its own threads see it.
using store_actor =
  persistence_actor::extend<caf::reacts_to<batch_written>, caf::reacts_to<answer_left_spool>, caf::reacts_to<spool_replayed>,
                            caf::reacts_to<answers_spooled>, caf::reacts_to<read_done>, caf::reacts_to<sentinel_heard>,
                            caf::reacts_to<thread_done>, caf::reacts_to<take_no_more>, caf::reacts_to<watch_store>,
                            caf::reacts_to<look_for_store>>;

// -- jobs ------------------------------------------------------------------------------------------------------------

struct write_job {
  request_number request = 0;
  store_write what;
};

/// Is the store there?
struct health_job {
  request_number request = 0;
};

/// Looks whether the store is there, and empties the spool into it.
struct replay_job {
  /// Batches that found the store away, as the actor knows: their answers are in the spool.
  std::uint64_t batches_away = 0;
};

using writer_job = std::variant<write_job, health_job, replay_job>;

struct read_job {
  request_number request = 0;
  store_read what;
};

/// A connection to the store and the thread that it blocks. Its jobs are done together, as they have come.
template <class Job>
class store_thread {
public:
  explicit store_thread(std::size_t capacity, std::chrono::milliseconds patience = {}) : queue(capacity, patience) {}

  ~store_thread() {
    queue.close();
    join();
  }

  /// `work(jobs)` until the queue is closed and empty, then `last()`.
  template <class Work, class Last>
  void start(Work work, Last last) {
    thread_ = std::thread{[this, work = std::move(work), last = std::move(last)]() mutable {
      // What an exception leaves unanswered times out where it was asked.
      for (auto jobs = queue.take(); !jobs.empty(); jobs = queue.take())
        guarded("store_thread", [&] { work(std::move(jobs)); });
      last();
    }};
  }

  void join() {
    if (thread_.joinable())
      thread_.join();
  }

  job_queue<Job> queue;

private:
  std::thread thread_;
};

/// Owned by the actor. The threads hold the actor, not this.
class store_threads {
public:
  store_threads(stores opened, const persistence_options& options);
  store_threads(const store_threads&) = delete;
  store_threads& operator=(const store_threads&) = delete;

  /// Waits until what was accepted is done: not at all after each thread's `thread_done`.
  ~store_threads();

  /// Returns how many threads there are.
  std::size_t start(const store_actor& owner);

  /// No more jobs, but for the spool: what the writing thread can't write goes there yet.
  void close();
  void close_spool();

  bool has_spool() const { return spool_ != nullptr; }

  struct reader {
    reader(std::unique_ptr<store> opened, std::size_t capacity) : from(std::move(opened)), jobs(capacity) {}

    std::unique_ptr<store> from;
    store_thread<read_job> jobs;
    /// Reads that are not answered yet, as the actor counts them.
    std::size_t waiting = 0;
  };

  reader& least_busy();

  store_thread<writer_job> writes;
  store_thread<spool_job> spooling;
  store_thread<request_number> sentinel;
  std::vector<std::unique_ptr<reader>> readers;

private:
  void write(const store_actor& owner, std::vector<writer_job> jobs);
  void write_batch(std::vector<write_job> jobs, batch_written& done);
  void replay(const store_actor& owner, const replay_job& wanted);

  std::unique_ptr<store> writer_;
  std::unique_ptr<spool> spool_;
  std::unique_ptr<store> sentinel_;
  // The writing thread's.
  /// The store failed, and is asked for nothing more before the spool is empty: else what is written now could overtake what
  /// waits there.
  std::optional<failure> away_;
  /// Batches that were not carried out therefore.
  std::uint64_t batches_away_ = 0;
};

} // namespace parley::persistence

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::batch_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::answer_left_spool)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::spool_replayed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::answers_spooled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::read_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::sentinel_heard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::thread_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::take_no_more)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::watch_store)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::look_for_store)
