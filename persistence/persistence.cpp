#include "persistence/persistence.hpp"

#include "persistence/job_queue.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>
#include <unordered_map>

namespace parley::persistence {

/// Numbers the requests whose answers are awaited.
using request_number = std::uint64_t;

using store_read = std::variant<list_sessions, find_session, find_message, list_messages>;
using store_found = std::variant<session_page, session, message, message_page>;

/// From the writing thread, for each request of a batch.
struct batch_written {
  std::vector<std::pair<request_number, expected<store_written>>> answers;
};

/// From a reading thread.
struct read_done {
  std::size_t reader = 0;
  request_number request = 0;
  expected<store_found> answer;
};

/// From each thread: its last message.
struct thread_done {};

/// From the actor to itself: what came before the exit message has been taken.
struct take_no_more {};

/// The actor as its own threads see it.
using store_actor = persistence_actor::extend<caf::reacts_to<batch_written>, caf::reacts_to<read_done>,
                                              caf::reacts_to<thread_done>, caf::reacts_to<take_no_more>>;

} // namespace parley::persistence

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::batch_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::read_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::thread_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::persistence::take_no_more)

namespace parley::persistence {

namespace {

// -- what a write weighs in the queue --------------------------------------------------------------------------------

std::size_t weight(const session& what) {
  return sizeof what + what.title.size() + what.system_prompt.size();
}

std::size_t weight(const message& what) {
  auto result = sizeof what + what.content.size() + what.reasoning.size();
  for (auto& call : what.tool_calls)
    result += sizeof call + call.id.size() + call.name.size() + call.arguments.size();
  return result;
}

std::size_t weight(const create_session& what) {
  return weight(what.made);
}

std::size_t weight(const open_session&) {
  return sizeof(store_write);
}

std::size_t weight(const append_messages& what) {
  std::size_t result = what.changed ? weight(*what.changed) : sizeof(store_write);
  for (auto& added : what.added)
    result += weight(added);
  return result;
}

std::size_t weight(const append_checkpoint& what) {
  return sizeof(store_write) + what.content.size() + what.reasoning.size();
}

std::size_t weight(const store_answer& what) {
  return weight(what.answer);
}

std::size_t weight(const update_session& what) {
  return weight(what.changed);
}

std::size_t weight(const delete_session&) {
  return sizeof(store_write);
}

// -- the threads -----------------------------------------------------------------------------------------------------

/// Nobody waits for a checkpoint: those of many runs share a commit. Anything else is written at once, and takes along what
/// waits. Small beside the time between an answer's checkpoints.
constexpr std::chrono::milliseconds checkpoint_patience{100};

struct write_job {
  request_number request = 0;
  store_write what;
};

/// Is the store there?
struct health_job {
  request_number request = 0;
};

struct read_job {
  request_number request = 0;
  store_read what;
};

using writer_job = std::variant<write_job, health_job>;

/// One reader of the store, and its thread.
class reading_thread {
public:
  reading_thread(std::unique_ptr<store> from, std::size_t capacity) : queue(capacity), store_(std::move(from)) {}

  void start(const store_actor& owner, std::size_t index) {
    thread_ = std::thread{[this, owner, index] { read_all(owner, index); }};
  }

  void join() {
    queue.close();
    if (thread_.joinable())
      thread_.join();
  }

  job_queue<read_job> queue;
  /// Reads that are not answered yet, as the actor counts them.
  std::size_t waiting = 0;

private:
  void read_all(const store_actor& owner, std::size_t index) {
    for (auto jobs = queue.take(); !jobs.empty(); jobs = queue.take()) {
      for (auto& [number, what] : jobs)
        caf::anon_send(owner, read_done{index, number, std::visit([this](auto& one) { return read(one); }, what)});
      queue.done();
    }
    caf::anon_send(owner, thread_done{});
  }

  template <class What>
  expected<store_found> read(const What& what) {
    if constexpr (std::is_same_v<What, list_sessions> || std::is_same_v<What, list_messages>)
      return store_->list(what);
    else
      return store_->find(what);
  }

  std::unique_ptr<store> store_;
  std::thread thread_;
};

/// Owned by the actor. The threads hold the actor, not this.
class store_threads {
public:
  store_threads(stores opened, const persistence_options& options)
    : writes(options.write_queue_bytes, checkpoint_patience), writer_(std::move(opened.writer)) {
    for (auto& each : opened.readers)
      readers.push_back(std::make_unique<reading_thread>(std::move(each), options.read_queue));
  }

  ~store_threads() { join(); }

  void start(const store_actor& owner) {
    writing_ = std::thread{[this, owner] { write_all(owner); }};
    for (std::size_t i = 0; i < readers.size(); ++i)
      readers[i]->start(owner, i);
  }

  void close() {
    writes.close();
    for (auto& each : readers)
      each->queue.close();
  }

  /// Waits until what was accepted is done: not at all after each thread's `thread_done`.
  void join() {
    close();
    if (writing_.joinable())
      writing_.join();
    for (auto& each : readers)
      each->join();
  }

  reading_thread& least_busy() {
    return **std::min_element(readers.begin(), readers.end(), [](auto& a, auto& b) { return a->waiting < b->waiting; });
  }

  job_queue<writer_job> writes;
  std::vector<std::unique_ptr<reading_thread>> readers;

private:
  void write_all(const store_actor& owner) {
    // On a busy machine streams come first: a commit waits for the disk anyway. Linux: the calling thread's own priority.
    ::setpriority(PRIO_PROCESS, 0, 5);
    for (auto jobs = writes.take(); !jobs.empty(); jobs = writes.take()) {
      std::vector<store_write> batch;
      std::vector<request_number> numbers;
      std::vector<request_number> health;
      for (auto& job : jobs) {
        if (auto* asked = std::get_if<health_job>(&job)) {
          health.push_back(asked->request);
        } else {
          auto& [number, what] = std::get<write_job>(job);
          numbers.push_back(number);
          batch.push_back(std::move(what));
        }
      }
      batch_written done;
      if (!batch.empty()) {
        auto results = writer_->write(batch);
        for (std::size_t i = 0; i < results.size(); ++i)
          done.answers.emplace_back(numbers[i], std::move(results[i]));
      }
      if (!health.empty()) {
        auto alive = writer_->ping();
        for (auto number : health)
          done.answers.emplace_back(number, alive.map([] { return store_written{}; }));
      }
      writes.done(); // before the answers: who gets one may write again
      caf::anon_send(owner, std::move(done));
    }
    caf::anon_send(owner, thread_done{});
  }

  std::unique_ptr<store> writer_;
  std::thread writing_;
};

// -- the actor -------------------------------------------------------------------------------------------------------

struct persistence_state {
  static inline const char* name = "persistence";

  /// The threads end before the actor does.
  std::shared_ptr<store_threads> threads;
  /// Who waits for the answer to which request.
  std::unordered_map<request_number, caf::response_promise> waiting;
  request_number last_request = 0;
  std::size_t threads_at_work = 0;
  unspooled_listener unspooled_to;
  /// What the operator was last told about the store.
  bool failing = false;

  ~persistence_state() {
    if (threads)
      threads->join();
  }

  template <class Answer>
  void deliver(request_number request, Answer&& answer) {
    auto found = waiting.find(request);
    found->second.deliver(std::forward<Answer>(answer));
    waiting.erase(found);
  }

  /// Says once that the store fails, and once that it is well again.
  void tell(const expected<store_written>& outcome) {
    auto fails = !outcome && outcome.error().code == ec::store_unavailable;
    if (fails && !failing)
      spdlog::error("{}", outcome.error().message);
    else if (!fails && failing)
      spdlog::info("The store works again.");
    failing = fails;
  }
};

using self_pointer = store_actor::stateful_pointer<persistence_state>;

/// Queues a job and promises its answer.
template <class Answer, class Job>
caf::typed_response_promise<Answer> promise(self_pointer self, job_queue<Job>& queue, Job job, request_number number,
                                            std::size_t weight, urgency how = urgency::at_once) {
  auto& state = self->state;
  auto result = self->template make_response_promise<Answer>();
  if (queue.push(std::move(job), weight, how))
    state.waiting.emplace(number, static_cast<caf::response_promise&>(result));
  else if (queue.closed())
    result.deliver(to_error({ec::unavailable, "The server is shutting down.", {}}));
  else
    result.deliver(to_error({ec::store_unavailable, "The store is behind with its work; please try again.", {}}));
  return result;
}

template <class Answer = store_written, class What>
caf::typed_response_promise<Answer> write(self_pointer self, What& what) {
  auto number = ++self->state.last_request;
  auto size = weight(what);
  auto how = std::is_same_v<What, append_checkpoint> ? urgency::soon : urgency::at_once;
  return promise<Answer>(self, self->state.threads->writes, writer_job{write_job{number, std::move(what)}}, number, size, how);
}

template <class Answer, class What>
caf::typed_response_promise<Answer> read(self_pointer self, What& what) {
  auto number = ++self->state.last_request;
  auto& reader = self->state.threads->least_busy();
  auto result = promise<Answer>(self, reader.queue, read_job{number, what}, number, 1);
  if (self->state.waiting.contains(number))
    ++reader.waiting;
  return result;
}

store_actor::behavior_type persistence(self_pointer self, std::shared_ptr<store_threads> threads) {
  self->state.threads = std::move(threads);
  self->state.threads_at_work = 1 + self->state.threads->readers.size();
  self->state.threads->start(self);
  self->set_exit_handler([self](const caf::exit_msg& message) {
    // Exit messages overtake others: this one goes behind what is in the mailbox.
    if (message.reason)
      self->send(self, take_no_more{});
  });
  return {
    [self](create_session& what) { return write(self, what); },
    [self](open_session& what) { return write<opened_session>(self, what); },
    [self](append_messages& what) { return write(self, what); },
    [self](append_checkpoint& what) { return write(self, what); },
    [self](store_answer& what) { return write(self, what); },
    [self](update_session& what) { return write(self, what); },
    [self](delete_session& what) { return write(self, what); },
    [self](list_sessions& what) { return read<session_page>(self, what); },
    [self](find_session& what) { return read<session>(self, what); },
    [self](find_message& what) { return read<message>(self, what); },
    [self](list_messages& what) { return read<message_page>(self, what); },
    // On the writing thread: that the store can be read says little.
    [self](store_health) {
      auto number = ++self->state.last_request;
      return promise<store_written>(self, self->state.threads->writes, writer_job{health_job{number}}, number,
                                    sizeof(store_write));
    },
    [self](const report_unspooled& wanted) { self->state.unspooled_to = wanted.to; },
    [self](batch_written& done) {
      auto& state = self->state;
      for (auto& [request, answer] : done.answers) {
        state.tell(answer);
        if (!answer)
          state.deliver(request, to_error(answer.error()));
        else if (auto* opened = std::get_if<opened_session>(&*answer))
          state.deliver(request, std::move(*opened));
        else
          state.deliver(request, std::move(*answer));
      }
    },
    [self](read_done& done) {
      --self->state.threads->readers[done.reader]->waiting;
      if (!done.answer)
        self->state.deliver(done.request, to_error(done.answer.error()));
      else
        std::visit([&](auto& found) { self->state.deliver(done.request, std::move(found)); }, *done.answer);
    },
    [self](take_no_more) { self->state.threads->close(); },
    [self](thread_done) {
      if (--self->state.threads_at_work == 0)
        self->quit(caf::exit_reason::user_shutdown);
    },
  };
}

} // namespace

persistence_actor spawn_persistence(caf::actor_system& sys, stores opened, const persistence_options& options) {
  return sys.spawn(persistence, std::make_shared<store_threads>(std::move(opened), options));
}

} // namespace parley::persistence
