#include "net/loop/loop.hpp"

#include <boost/asio/io_context.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/thread_safe_actor_clock.hpp>
#include <caf/policy/unprofiled.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <caf/logger.hpp>

// For its logger, which nobody listens to, CAF's worker finds out whose each job is: a dynamic_cast of a thousand instructions.
#undef CAF_PUSH_AID_FROM_PTR
#define CAF_PUSH_AID_FROM_PTR(job) static_cast<void>(0)

#include <caf/scheduler/coordinator.hpp>

namespace parley::net {

namespace {

namespace asio = boost::asio;

/// Sockets and timers get their turn after that many jobs or that long, and then at most that many of them before the jobs
/// have theirs: neither starves the other. A job is at most `messages_per_job` messages to one actor.
constexpr int jobs_per_turn = 64;
constexpr std::chrono::microseconds time_per_turn{500};
constexpr int callbacks_per_turn = 64;
constexpr std::size_t messages_per_job = 50;

class io_context : public asio::io_context {
public:
  // One thread runs it, and posts to it.
  io_context() : asio::io_context(1) {}

  // Lets go of all pending handlers, and of what they hold, while what they belong to can still be destroyed.
  using asio::execution_context::shutdown;
};

class actor_alarm final : public alarm {
public:
  actor_alarm(reactor& on, caf::actor_addr target)
    : timer_(on, [target = std::move(target)] {
        if (auto alive = caf::actor_cast<caf::actor>(target))
          caf::anon_send(alive, alarm_tick{});
      }) {}
  void set(steady::time_point when) override { timer_.set(when); }
  void cancel() override { timer_.cancel(); }

private:
  loop_timer timer_;
};

class worker_loop;

thread_local worker_loop* current_loop = nullptr;

/// What the actors of a loop wait for: the time-outs of their requests, mostly. CAF's own clock is a thread, and each request
/// woke it twice.
class loop_clock {
public:
  explicit loop_clock(reactor& on) : timer_(on, [this] { tick(); }) {}

  /// To be called after anything was added.
  void watch() {
    if (!waiting.schedule().empty())
      timer_.set(waiting.schedule().begin()->first);
  }

  caf::detail::simple_actor_clock waiting;

private:
  void tick() {
    waiting.trigger_expired_timeouts();
    watch();
  }

  loop_timer timer_;
};

/// A worker's loop: its jobs, its reactor and its clock.
class worker_loop final : public loop, private caf::execution_unit {
public:
  worker_loop(caf::actor_system& sys, std::size_t number, const make_upstream_caller& upstreams)
    : caf::execution_unit(&sys), index_(number), upstreams_(upstreams ? upstreams(reactor_) : nullptr) {}

  // -- loop ----------------------------------------------------------------------------------------------------------

  caf::execution_unit* unit() override { return this; }
  steady::time_point now() const override { return steady::now(); }
  reactor& events() override { return reactor_; }
  asio::io_context& guests() override { return guests_; }
  std::size_t index() const override { return index_; }
  void post(std::function<void()> task) override { reactor_.post(std::move(task)); }

  void run_guests() override {
    if (!std::exchange(guests_wait_, true))
      reactor_.post([this] {
        guests_wait_ = false;
        // It ends whenever it has nothing to do.
        guests_.restart();
        // After an exception, those that are left have their turn yet.
        while (!guarded("guest", [this] { guests_.poll(); }))
          continue;
      });
  }

  std::unique_ptr<alarm> make_alarm(caf::actor_addr target) override {
    return std::make_unique<actor_alarm>(reactor_, std::move(target));
  }

  std::unique_ptr<loop_timer> make_timer(std::function<void()> due) override {
    return std::make_unique<loop_timer>(reactor_, std::move(due));
  }

  std::unique_ptr<upstream_call> call(const std::shared_ptr<const upstream>& at, wire::upstream_request what,
                                      upstream_handler& handler) override {
    return upstreams_->call(at, std::move(what), handler);
  }

  // -- scheduling ----------------------------------------------------------------------------------------------------

  /// As the execution unit of homed actors: whichever thread makes one ready, it runs here.
  void exec_later(caf::resumable* job) override {
    if (current_loop == this)
      push(job);
    else
      push_from_outside(job);
  }

  /// On its own thread.
  void push(caf::resumable* job) { jobs_.push_back(job); }

  /// Any thread. Wakes the loop once for all jobs that it hasn't taken yet.
  void push_from_outside(caf::resumable* job) {
    {
      std::lock_guard guard{mutex_};
      inbox_.push_back(job);
      if (std::exchange(woken_, true))
        return;
    }
    reactor_.post([this] { take_inbox(); });
  }

  /// The next job; runs sockets and timers while there is none.
  caf::resumable* next() {
    current_loop = this;
    if (!jobs_.empty() && (++jobs_in_turn_ >= jobs_per_turn || steady::now() - turn_began_ >= time_per_turn)) {
      for (int i = 0; i < callbacks_per_turn && reactor_.run_once({}); ++i)
        continue;
      begin_turn();
    }
    if (jobs_.empty()) {
      do {
        reactor_.run_once();
      } while (jobs_.empty());
      begin_turn();
    }
    auto result = jobs_.front();
    jobs_.pop_front();
    return result;
  }

  // -- the end: all threads have been joined -------------------------------------------------------------------------

  /// Letting go of one job may bring others. True if there was any.
  template <class F>
  bool drop_jobs(F drop) {
    take_inbox();
    bool any = false;
    for (; !jobs_.empty(); any = true) {
      auto job = jobs_.front();
      jobs_.pop_front();
      drop(job);
    }
    return any;
  }

  loop_clock& clock() { return clock_; }

  void drop_tasks() {
    clock_.waiting.cancel_all();
    guests_.shutdown();
    while (reactor_.drop_tasks())
      continue;
  }

private:
  void begin_turn() {
    jobs_in_turn_ = 0;
    turn_began_ = steady::now();
  }

  void take_inbox() {
    std::vector<caf::resumable*> taken;
    {
      std::lock_guard guard{mutex_};
      taken.swap(inbox_);
      woken_ = false;
    }
    jobs_.insert(jobs_.end(), taken.begin(), taken.end());
  }

  std::size_t index_;
  reactor reactor_;
  loop_clock clock_{reactor_};
  io_context guests_;
  /// They were promised to be run.
  bool guests_wait_ = false;
  std::unique_ptr<upstream_caller> upstreams_;
  std::deque<caf::resumable*> jobs_;
  int jobs_in_turn_ = 0;
  steady::time_point turn_began_;

  std::mutex mutex_;
  /// Jobs from other threads; guarded by `mutex_`, as is `woken_`: `take_inbox` is posted.
  std::vector<caf::resumable*> inbox_;
  bool woken_ = false;
};

/// What the scheduler gives to its workers.
struct upstream_source {
  make_upstream_caller upstreams;
};

/// CAF's workers, as its scheduler's templates want them (`caf/scheduler/coordinator.hpp`).
struct loop_policy : caf::policy::unprofiled {
  struct coordinator_data {
    explicit coordinator_data(caf::scheduler::abstract_coordinator*) {}
    std::atomic<std::size_t> next{0};
  };

  /// CAF copies one of these for each worker: the copies have the loops.
  struct worker_data {
    explicit worker_data(caf::scheduler::abstract_coordinator* owner) : parent(owner) {}
    worker_data(const worker_data& other)
      : parent(other.parent),
        own(std::make_unique<worker_loop>(parent->system(), other.copies++, dynamic_cast<upstream_source&>(*parent).upstreams)) {}

    caf::scheduler::abstract_coordinator* parent;
    mutable std::size_t copies = 0;
    std::unique_ptr<worker_loop> own;
  };

  template <class Worker>
  static worker_loop& loop_of(Worker* worker) {
    return *worker->data().own;
  }

  template <class Coordinator>
  void central_enqueue(Coordinator* self, caf::resumable* job) {
    self->worker_by_id(self->data().next.fetch_add(1, std::memory_order_relaxed) % self->num_workers())->external_enqueue(job);
  }

  template <class Worker>
  void external_enqueue(Worker* self, caf::resumable* job) {
    loop_of(self).push_from_outside(job);
  }

  template <class Worker>
  void internal_enqueue(Worker* self, caf::resumable* job) {
    loop_of(self).push(job);
  }

  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    loop_of(self).push(job);
  }

  template <class Worker>
  caf::resumable* dequeue(Worker* self) {
    return loop_of(self).next();
  }

  template <class Worker, class F>
  void foreach_resumable(Worker* self, F drop) {
    loop_of(self).drop_jobs(drop);
  }

  /// Called last. What pending tasks hold may be actors, whose end makes others ready: on until nothing is left.
  template <class Coordinator, class F>
  void foreach_central_resumable(Coordinator* self, F drop) {
    for (std::size_t i = 0; i < self->num_workers(); ++i)
      loop_of(self->worker_by_id(i)).drop_tasks();
    for (bool any = true; any;) {
      any = false;
      for (std::size_t i = 0; i < self->num_workers(); ++i)
        any |= loop_of(self->worker_by_id(i)).drop_jobs(drop);
    }
  }
};

/// The clock of the loop whose thread asks; on other threads CAF's own.
class loop_clocks final : public caf::detail::thread_safe_actor_clock {
public:
  using other_clock = caf::detail::thread_safe_actor_clock;

  explicit loop_clocks(other_clock& others) : others_(others) {}

  void set_ordinary_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) override {
    add([&](auto& clock) { clock.set_ordinary_timeout(t, self, type, id); });
  }
  void set_request_timeout(time_point t, caf::abstract_actor* self, caf::message_id id) override {
    add([&](auto& clock) { clock.set_request_timeout(t, self, id); });
  }
  void set_multi_timeout(time_point t, caf::abstract_actor* self, caf::atom_value type, std::uint64_t id) override {
    add([&](auto& clock) { clock.set_multi_timeout(t, self, type, id); });
  }
  void schedule_message(time_point t, caf::strong_actor_ptr receiver, caf::mailbox_element_ptr content) override {
    add([&](auto& clock) { clock.schedule_message(t, std::move(receiver), std::move(content)); });
  }
  void schedule_message(time_point t, caf::group target, caf::strong_actor_ptr sender, caf::message content) override {
    add([&](auto& clock) { clock.schedule_message(t, std::move(target), std::move(sender), std::move(content)); });
  }
  // An actor that changed its loop since leaves the time-out of a request that was answered: CAF drops what comes of it.
  void cancel_ordinary_timeout(caf::abstract_actor* self, caf::atom_value type) override {
    here().cancel_ordinary_timeout(self, type);
  }
  void cancel_request_timeout(caf::abstract_actor* self, caf::message_id id) override { here().cancel_request_timeout(self, id); }
  void cancel_timeouts(caf::abstract_actor* self) override { here().cancel_timeouts(self); }
  void cancel_all() override { others_.cancel_all(); }

private:
  static caf::actor_clock& clock_of(worker_loop& at) { return at.clock().waiting; }

  caf::actor_clock& here() { return current_loop ? clock_of(*current_loop) : others_; }

  template <class Add>
  void add(Add what) {
    what(here());
    if (current_loop)
      current_loop->clock().watch();
  }

  other_clock& others_;
};

class loop_scheduler final : public caf::scheduler::coordinator<loop_policy>, public upstream_source {
public:
  using super = caf::scheduler::coordinator<loop_policy>;

  loop_scheduler(caf::actor_system& sys, make_upstream_caller make)
    : super(sys), upstream_source{std::move(make)}, clocks_(super::clock()) {}

  caf::detail::thread_safe_actor_clock& clock() noexcept override { return clocks_; }

private:
  loop_clocks clocks_;
};

} // namespace

loop* loop::current() {
  return current_loop;
}

void load_loops(caf::actor_system_config& config, std::size_t workers, make_upstream_caller upstreams) {
  config.set("scheduler.max-threads", std::max<std::size_t>(workers, 1));
  config.set("scheduler.max-throughput", messages_per_job);
  config.module_factories.emplace_back([upstreams = std::move(upstreams)](caf::actor_system& sys) -> caf::actor_system::module* {
    return new loop_scheduler(sys, upstreams);
  });
}

std::size_t loops::size() const {
  return system_->scheduler().num_workers();
}

loop& loops::at(std::size_t index) const {
  return *static_cast<loop_scheduler&>(system_->scheduler()).worker_by_id(index)->data().own;
}

} // namespace parley::net
