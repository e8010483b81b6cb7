// Over 400 lines, because what the actor does in each state of a store that comes and goes is read as one.

#include "persistence/persistence.hpp"

#include "actors/node/homed.hpp"
#include "core/check.hpp"
#include "persistence/store_promises.hpp"
#include "persistence/store_threads.hpp"
#include "persistence/write_weight.hpp"

#include <caf/send.hpp>
#include <caf/typed_response_promise.hpp>

#include <spdlog/spdlog.h>

namespace parley::persistence {

namespace {

// -- the actor -------------------------------------------------------------------------------------------------------

/// Of a store with a spool:
/// ```
/// present ──▶ away ──▶ returning ──▶ present
///               ◀────────
/// ```
/// `present`: writes are carried out, or a batch is under way of which nobody knows yet that it fails.
/// `away`: answers are spooled, other writes refused.
/// `returning`: the store is there, and the spool is being emptied into it. Answers wait for that, so that it comes to an end.
enum class presence { present, away, returning };

/// The store is taken for away when its sentinel has heard nothing for `looks_until_asked` looks, and then the writing
/// thread nothing for the rest of `looks_until_away`. Looks, not time: while this process itself stands still none is made.
constexpr int looks_until_asked = 3;
constexpr int looks_until_away = 5;

class persistence_state;

using self_pointer = homed_pointer<persistence_state, store_actor>;

class persistence_state {
public:
  static inline const char* name = "persistence";

  explicit persistence_state(self_pointer self) : self_(self) {}

  store_actor::behavior_type start(std::shared_ptr<store_threads> threads, const persistence_options& options);

private:
  /// Queues a job and promises its answer.
  template <class Answer, class Job>
  caf::typed_response_promise<Answer> promise(job_queue<Job>& queue, Job job, request_number number, std::size_t size,
                                              urgency how = urgency::at_once) {
    auto result = self_->make_response_promise<Answer>();
    if (queue.push(std::move(job), size, how))
      waiting_.add(number, static_cast<caf::response_promise&>(result));
    else
      result.deliver(to_error(no_room(queue.closed())));
    return result;
  }

  static failure no_room(bool closed) {
    if (closed)
      return {ec::unavailable, "The server is shutting down.", {}};
    return {ec::store_unavailable, "The store is behind with its work; please try again.", {}};
  }

  template <class Answer = store_written, class What>
  caf::typed_response_promise<Answer> write(What& what) {
    auto number = waiting_.next_number();
    auto size = weight(what);
    if (presence_ != presence::present) {
      if constexpr (std::is_same_v<What, store_answer>)
        return keep(std::move(what), number, size);
      else
        return refuse<Answer>(why_away_);
    }
    auto how = std::is_same_v<What, append_checkpoint> ? urgency::soon : urgency::at_once;
    return promise<Answer>(threads_->writes.queue, writer_job{write_job{number, std::move(what)}}, number, size, how);
  }

  template <class Answer>
  caf::typed_response_promise<Answer> refuse(const failure& why) {
    auto result = self_->make_response_promise<Answer>();
    result.deliver(to_error(why));
    return result;
  }

  template <class Answer, class What>
  caf::typed_response_promise<Answer> read(What& what) {
    if (silent_) // it would take its time to fail
      return refuse<Answer>(why_away_);
    auto number = waiting_.next_number();
    auto& reader = threads_->least_busy();
    auto result = promise<Answer>(reader.jobs.queue, read_job{number, what}, number, 1);
    if (waiting_.contains(number))
      ++reader.waiting;
    return result;
  }

  caf::typed_response_promise<store_written> health() {
    if (presence_ != presence::present)
      return refuse<store_written>(why_away_);
    auto number = waiting_.next_number();
    if (threads_->has_spool()) {
      health_asked_.push_back(number);
      return promise<store_written>(threads_->sentinel.queue, request_number{number}, number, 1);
    }
    // On the writing thread: that the store can be read says little.
    return promise<store_written>(threads_->writes.queue, writer_job{health_job{number}}, number, sizeof(store_write));
  }

  // -- while the store is away ------------------------------------------------------------------------------------------

  /// A finished answer while the store isn't there.
  caf::typed_response_promise<store_written> keep(store_answer what, request_number number, std::size_t size) {
    if (presence_ == presence::away || held_bytes_ + size > options_.write_queue_bytes) {
      auto result = promise<store_written>(threads_->spooling.queue, spool_job{number, std::move(what)}, number, size);
      spooling_ += waiting_.contains(number) ? 1 : 0;
      return result;
    }
    auto result = self_->make_response_promise<store_written>();
    waiting_.add(number, static_cast<caf::response_promise&>(result));
    held_.push_back({number, std::move(what)});
    held_bytes_ += size;
    return result;
  }

  std::vector<spool_job> take_held() {
    held_bytes_ = 0;
    return std::exchange(held_, {});
  }

  void to_spool(spool_job job) {
    auto number = job.request;
    auto size = weight(job.what);
    if (threads_->spooling.queue.push(std::move(job), size))
      ++spooling_;
    else
      waiting_.refuse(number, no_room(threads_->spooling.queue.closed()));
  }

  void to_spool(std::vector<spool_job> jobs) {
    for (auto& job : jobs)
      to_spool(std::move(job));
  }

  void leave(const failure& why) {
    why_away_ = why;
    if (presence_ == presence::away)
      return;
    if (presence_ == presence::present)
      spdlog::error("{} Finished answers go into the spool until it is back.", why.message);
    presence_ = presence::away;
    for (auto number : std::exchange(health_asked_, {}))
      if (waiting_.contains(number))
        waiting_.refuse(number, why);
    to_spool(take_held());
    // What the writing thread, which may be stuck for a while, has not begun.
    for (auto& job : threads_->writes.queue.withdraw()) {
      if (auto* unwritten = std::get_if<write_job>(&job)) {
        if (auto* answer = std::get_if<store_answer>(&unwritten->what))
          to_spool({unwritten->request, std::move(*answer)});
        else
          waiting_.refuse(unwritten->request, why);
      } else if (auto* asked = std::get_if<health_job>(&job)) {
        waiting_.refuse(asked->request, why);
      } else {
        replaying_ = false;
      }
    }
    replay();
  }

  /// Has the writing thread look for the store, and empty the spool.
  void replay() {
    if (replaying_)
      return;
    spooled_since_ = false;
    replaying_ = threads_->writes.queue.push(replay_job{batches_away_}, 0);
  }

  void on_replayed(const spool_replayed& done) {
    replaying_ = false;
    if (!done.outcome) {
      leave(done.outcome.error());
      if (!std::exchange(will_look_, true))
        self_->delayed_send(self_, options_.return_interval, look_for_store{});
      return;
    }
    looks_missed_ = 0;
    silent_ = false;
    if (presence_ == presence::present)
      return;
    presence_ = presence::returning;
    if (!done.resumes)
      spooled_since_ = true;
    settle();
  }

  /// The store is present once nothing is in the spool or on its way there.
  void settle() {
    if (presence_ != presence::returning || replaying_ || spooling_ > 0)
      return;
    if (spooled_since_)
      return replay();
    presence_ = presence::present;
    spdlog::info("The store works again, and has all that was in the spool.");
    for (auto& job : take_held()) {
      auto number = job.request;
      auto size = weight(job.what);
      if (auto& queue = threads_->writes.queue; !queue.push(write_job{number, std::move(job.what)}, size))
        waiting_.refuse(number, no_room(queue.closed()));
    }
  }

  void on_spooled(answers_spooled& done) {
    check(done.answers.size() <= spooling_, "only answers that went to the spool come from it");
    spooling_ -= done.answers.size();
    spooled_since_ = true;
    for (auto& [request, outcome] : done.answers) {
      if (outcome)
        waiting_.deliver(request, store_written{spooled{}});
      else
        waiting_.refuse(request, outcome.error());
    }
    settle();
  }

  /// Each `watch_interval`: asks the sentinel, and counts while it doesn't answer.
  void watch() {
    self_->delayed_send(self_, options_.watch_interval, watch_store{});
    if (!sentinel_asked_) {
      looks_missed_ = 0;
      sentinel_asked_ = threads_->sentinel.queue.push(request_number{0}, 0);
      return;
    }
    ++looks_missed_;
    if (looks_missed_ >= looks_until_asked && presence_ == presence::present)
      replay();
    if (looks_missed_ >= looks_until_away && replaying_) {
      silent_ = true;
      leave({ec::store_unavailable, "The store failed: it does not answer.", {}});
    }
  }

  void on_heard(const sentinel_heard& heard) {
    silent_ = silent_ && !heard.outcome;
    for (auto number : heard.asked) {
      std::erase(health_asked_, number);
      if (number == 0) {
        sentinel_asked_ = false;
        // It may have lost its own connection only: the writing thread knows.
        if (!heard.outcome && presence_ == presence::present)
          replay();
      } else if (!waiting_.contains(number)) {
        // It was told meanwhile that the store is away.
      } else if (heard.outcome) {
        waiting_.deliver(number, store_written{});
      } else if (!threads_->writes.queue.push(health_job{number}, sizeof(store_write))) {
        waiting_.refuse(number, no_room(threads_->writes.queue.closed()));
      }
    }
  }

  // -- what the threads tell --------------------------------------------------------------------------------------------

  void on_written(batch_written& done) {
    for (auto& [request, answer] : done.answers) {
      if (!threads_->has_spool())
        tell(answer);
      if (!answer)
        waiting_.refuse(request, answer.error());
      else if (auto* opened = std::get_if<opened_session>(&*answer))
        waiting_.deliver(request, std::move(*opened));
      else
        waiting_.deliver(request, std::move(*answer));
    }
    if (!done.away)
      return;
    ++batches_away_;
    to_spool(std::move(done.to_spool));
    leave(*done.away);
  }

  void on_read(read_done& done) {
    auto& reader = *threads_->readers.at(done.reader);
    check(reader.waiting > 0, "a reading thread answers what it was asked");
    --reader.waiting;
    if (!done.answer)
      waiting_.refuse(done.request, done.answer.error());
    else
      std::visit([&](auto& found) { waiting_.deliver(done.request, std::move(found)); }, *done.answer);
  }

  /// Of a store without a spool: says once that it fails, and once that it is well again.
  void tell(const expected<store_written>& outcome) {
    auto fails = !outcome && outcome.error().code == ec::store_unavailable;
    if (fails && !failing_)
      spdlog::error("{}", outcome.error().message);
    else if (!fails && failing_)
      spdlog::info("The store works again.");
    failing_ = fails;
  }

  void on_thread_done(const thread_done& done) {
    if (done.wrote && threads_->has_spool()) {
      to_spool(take_held());
      threads_->close_spool();
    }
    if (--threads_at_work_ > 0)
      return;
    // An answer above all: it is stored, or spooled, or its run knows that it is neither.
    check(waiting_.empty(), "all that was asked of the store is answered before its actor ends");
    self_->quit(caf::exit_reason::user_shutdown);
  }

  self_pointer self_;
  persistence_options options_;
  /// The threads end before the actor does.
  std::shared_ptr<store_threads> threads_;
  store_promises waiting_;
  std::size_t threads_at_work_ = 0;
  unspooled_listener unspooled_to_;
  /// What the operator was last told about a store without a spool.
  bool failing_ = false;

  presence presence_ = presence::present;
  failure why_away_;
  /// Batches that found the store away.
  std::uint64_t batches_away_ = 0;
  /// The writing thread has a `replay_job`.
  bool replaying_ = false;
  /// A `look_for_store` is on its way.
  bool will_look_ = false;
  /// Answers on their way to the spool, and whether any got there since the last `replay_job`.
  std::size_t spooling_ = 0;
  bool spooled_since_ = false;
  /// While `returning`: answers that wait for the store, as many as the queue of writes may hold; others are spooled yet.
  std::vector<spool_job> held_;
  std::size_t held_bytes_ = 0;
  /// Who waits for the sentinel's word.
  std::vector<request_number> health_asked_;
  /// The sentinel has yet to answer, for so many looks.
  bool sentinel_asked_ = false;
  int looks_missed_ = 0;
  /// Nobody gets a word from the store.
  bool silent_ = false;
};

store_actor::behavior_type persistence_state::start(std::shared_ptr<store_threads> threads, const persistence_options& options) {
  options_ = options;
  threads_ = std::move(threads);
  threads_at_work_ = threads_->start(self_);
  self_->set_exit_handler([this](const caf::exit_msg& message) {
    // Exit messages overtake others: this one goes behind what is in the mailbox.
    if (message.reason)
      self_->send(self_, take_no_more{});
  });
  if (threads_->has_spool())
    watch();
  return {
    [this](create_session& what) { return write(what); },
    [this](open_session& what) { return write<opened_session>(what); },
    [this](append_messages& what) { return write(what); },
    [this](append_checkpoint& what) { return write(what); },
    [this](store_answer& what) { return write(what); },
    [this](update_session& what) { return write(what); },
    [this](record_vote& what) { return write(what); },
    [this](delete_session& what) { return write(what); },
    [this](list_sessions& what) { return read<session_page>(what); },
    [this](find_session& what) { return read<session>(what); },
    [this](find_message& what) { return read<message>(what); },
    [this](list_messages& what) { return read<message_page>(what); },
    [this](tally_votes& what) { return read<vote_tally>(what); },
    [this](store_health) { return health(); },
    [this](const report_unspooled& wanted) { unspooled_to_ = wanted.to; },
    [this](batch_written& done) { on_written(done); },
    [this](answer_left_spool& done) {
      if (unspooled_to_)
        self_->send(unspooled_to_, answer_unspooled{std::move(done.stored)});
    },
    [this](const spool_replayed& done) { on_replayed(done); },
    [this](answers_spooled& done) { on_spooled(done); },
    [this](read_done& done) { on_read(done); },
    [this](const sentinel_heard& heard) { on_heard(heard); },
    [this](const thread_done& done) { on_thread_done(done); },
    [this](take_no_more) { threads_->close(); },
    [this](watch_store) { watch(); },
    [this](look_for_store) {
      will_look_ = false;
      if (presence_ != presence::present)
        replay();
    },
  };
}

} // namespace

persistence_actor spawn_persistence(caf::actor_system& sys, stores opened, const persistence_options& options) {
  auto init = [](self_pointer self, std::shared_ptr<store_threads> threads, const persistence_options& wanted) {
    return self->state.start(std::move(threads), wanted);
  };
  return spawn_homed<persistence_state, store_actor>(sys, nullptr, init,
                                                     std::make_shared<store_threads>(std::move(opened), options), options);
}

} // namespace parley::persistence
