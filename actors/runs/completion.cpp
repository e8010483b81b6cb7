#include "actors/runs/completion.hpp"

#include "actors/node/lazy_alarm.hpp"
#include "actors/runs/growing_answer.hpp"
#include "actors/runs/model_stream.hpp"
#include "actors/runs/run_readers.hpp"
#include "wire/clients/client_request.hpp"

#include <algorithm>

namespace parley {

namespace {

struct choice : growing_answer {
  model_stream_actor stream;
  /// It told its last, and ends by itself.
  bool stream_ends = false;

  bool finished() const { return answer.finish.has_value(); }
};

class completion_state;

using self_pointer = homed_pointer<completion_state, completion_actor>;

class completion_state {
public:
  static constexpr const char* name = "completion";

  explicit completion_state(self_pointer self) : self_(self) {}

  /// A kept connection outlives many runs, and would remember each of them.
  ~completion_state() {
    if (plan_.client)
      self_->demonitor(plan_.client.address());
  }

  completion_state(const completion_state&) = delete;
  completion_state& operator=(const completion_state&) = delete;

  completion_actor::behavior_type start(node_context_ptr node, completions_actor owner, run_id run, completion_plan plan,
                                        bool streams) {
    node_ = std::move(node);
    owner_ = std::move(owner);
    plan_ = std::move(plan);
    log_ = std::make_unique<run_log>(run);
    auto hand_on = [this](const reader_actor& to, piece_taker* directly, log_piece piece) {
      if (directly)
        directly->take(piece);
      else
        self_->send(to, std::move(piece));
    };
    readers_ = std::make_unique<run_readers>(node_->bounds.reader_window_bytes, hand_on);
    self_->set_down_handler([this](const caf::down_msg& down) { on_down(down.source); });
    self_->monitor(plan_.client);
    alarm_ = lazy_alarm{plan_.home->make_alarm(self_->address())};
    began_ = last_event_ = plan_.home->now();
    choices_.resize(plan_.models.size());
    choices_.front().prompt_bytes = wire::prompt_bytes(*plan_.ask);
    for (std::size_t i = 0; i < choices_.size(); ++i)
      begin(static_cast<participant>(i), streams);
    alarm_.by(last_event_ + node_->bounds.heartbeat);
    return {[this](const reader_credit& m) {
              readers_->credit(caf::actor_cast<caf::actor_addr>(self_->current_sender()), m, *log_);
              end_if_read();
            },
            [this](const open_log&) { return open(); },
            [this](const attach_reader& m) { attach(m); },
            [this](const detach_reader&) { self_->quit(caf::exit_reason::user_shutdown); },
            [this](const stop_answers& m) { return stop(m); },
            [this](const snapshot_run&) {
              return run_snapshot{answers(), log_->newest()};
            },
            [](const forget_log&) {}, // it forgets by itself
            [this](answer_ended& m) { on_ended(m); },
            [this](const alarm_tick&) { on_alarm(); },
            [this](const await_answers&) { return await(); }};
  }

private:
  // -- beginning --------------------------------------------------------------------------------------------------------

  void begin(participant who, bool streams) {
    auto& entry = *plan_.models[who];
    auto& c = choices_[who];
    c.answer.id = new_id<message_id>();
    c.answer.role = message_role::assistant;
    c.answer.seat = who;
    c.answer.run = log_->run();
    c.answer.model = model_label{entry.id, entry.display_name};
    c.prompt_bytes = choices_.front().prompt_bytes;
    log_->introduce(who, c.answer.id, 1, entry.id);
    // A fallback that can't be asked for this is none.
    auto targets = node_->models.with_fallbacks(entry.id);
    std::erase_if(targets, [&](auto& target) { return target->id != entry.id && !wire::can_be_asked(*target, *plan_.ask); });
    auto tell = [self = self_](answer_progress& m) { self->step([&] { self->state.on_progress(m); }); };
    c.stream =
      spawn_model_stream(self_->system(), {plan_.home, run_actor{self_}, tell, who, std::move(targets), {}, plan_.ask, !streams});
    self_->monitor(c.stream);
  }

  // -- the one reader ---------------------------------------------------------------------------------------------------

  caf::result<run_opened> open() {
    auto promise = self_->make_response_promise<run_opened>();
    opening_ = promise;
    settle();
    return promise;
  }

  caf::result<completed_run> await() {
    auto promise = self_->make_response_promise<completed_run>();
    awaited_ = promise;
    settle();
    return promise;
  }

  /// Answers what can be answered by now. An answer's beginning decides for a stream: what fails before it is told by the
  /// response's status.
  void settle() {
    auto over = is_over();
    if (over && all_failed() && (opening_ || awaited_)) {
      auto why = to_error(first_failure());
      if (opening_)
        std::exchange(opening_, std::nullopt)->deliver(why);
      if (awaited_)
        std::exchange(awaited_, std::nullopt)->deliver(why);
      return end();
    }
    if (opening_ && (over || shown_)) {
      run_opened opened;
      opened.log = self_;
      opened.run = log_->run();
      std::exchange(opening_, std::nullopt)->deliver(std::move(opened));
    }
    if (awaited_ && over) {
      std::exchange(awaited_, std::nullopt)->deliver(completed_run{log_->run(), answers(), *outcome_});
      end();
    }
  }

  /// All is said. It waits for its streams, which would end with it: soon, their connections can be used again.
  void end() {
    ending_ = true;
    if (std::none_of(choices_.begin(), choices_.end(), [](const choice& c) { return c.stream; }))
      self_->quit(caf::exit_reason::user_shutdown);
  }

  void attach(attach_reader m) {
    if (m.home != plan_.home)
      m.directly = nullptr;
    read_ = true;
    readers_->attach(m, *log_);
    end_if_read();
  }

  void end_if_read() {
    if (read_ && is_over() && readers_->empty())
      end();
  }

  void on_down(const caf::actor_addr& gone) {
    if (gone == plan_.client.address())
      return is_over() ? end() : self_->quit(caf::exit_reason::user_shutdown);
    for (auto& c : choices_)
      if (c.stream && c.stream.address() == gone) {
        c.stream = nullptr;
        if (!c.finished())
          finish(c, finish_reason::error, answer_error{ec::internal, "The answer stopped unexpectedly."}, std::nullopt);
        if (ending_)
          end();
        return;
      }
  }

  // -- what the streams tell --------------------------------------------------------------------------------------------

  void on_progress(answer_progress& m) {
    auto& c = choices_[m.who];
    if (c.finished())
      return;
    last_event_ = plan_.home->now();
    for (auto& event : m.events) {
      if (!c.take(event, *log_, node_->bounds.max_answer_bytes, last_event_ - began_))
        return finish(c, finish_reason::length, std::nullopt, std::nullopt);
    }
    shown_ = true;
    readers_->publish(*log_);
    settle();
  }

  void on_ended(answer_ended& m) {
    auto& c = choices_[m.who];
    c.stream_ends = true;
    if (c.finished())
      return;
    c.answer.model = std::move(m.model);
    finish(c, m.reason, std::move(m.error), m.usage);
  }

  void finish(choice& c, finish_reason reason, std::optional<answer_error> error, std::optional<token_usage> usage) {
    if (!c.stream_ends && c.stream)
      self_->send_exit(std::exchange(c.stream, nullptr), caf::exit_reason::user_shutdown);
    last_event_ = plan_.home->now();
    c.end(*log_, reason, std::move(error), usage, last_event_ - began_);
    if (is_over())
      outcome_ = std::make_shared<const run_outcome>(run_outcome{usage_of_all(), all_failed()});
    log_->append(*c.answer.seat, answer_finish{reason, c.answer.id, c.answer.usage, c.answer.error, true, outcome_});
    shown_ = shown_ || is_success(reason);
    if (is_over()) {
      alarm_.cancel();
      self_->send(owner_, completion_over{log_->run()});
      readers_->finish(*log_, outcome_->failed);
    } else {
      readers_->publish(*log_);
    }
    settle();
    end_if_read();
  }

  /// A node that ends waits no longer.
  stopped_answers stop(const stop_answers& m) {
    stopped_answers result;
    for (auto& c : choices_) {
      if (!c.finished())
        finish(c, m.reason, answer_error{ec::unavailable, "This server is shutting down; please try again."}, std::nullopt);
      result.states.push_back({c.answer.id, *c.answer.seat, c.answer.status, c.answer.finish});
    }
    return result;
  }

  // -- all of them ------------------------------------------------------------------------------------------------------

  bool is_over() const {
    return std::all_of(choices_.begin(), choices_.end(), [](const choice& c) { return c.finished(); });
  }

  bool all_failed() const {
    return std::none_of(choices_.begin(), choices_.end(),
                        [](const choice& c) { return c.answer.status == message_status::success; });
  }

  failure first_failure() const {
    auto& error = choices_.front().answer.error;
    return error ? failure{error->code, error->message, {}} : failure{};
  }

  std::optional<token_usage> usage_of_all() const {
    std::optional<token_usage> sum;
    for (auto& c : choices_) {
      if (!c.answer.usage)
        continue;
      if (!sum)
        sum = token_usage{0, 0, true};
      sum->prompt_tokens += c.answer.usage->prompt_tokens;
      sum->completion_tokens += c.answer.usage->completion_tokens;
      sum->reported = sum->reported && c.answer.usage->reported;
    }
    return sum;
  }

  std::vector<message> answers() const {
    std::vector<message> result;
    for (auto& c : choices_)
      result.push_back(c.answer);
    return result;
  }

  // -- time -------------------------------------------------------------------------------------------------------------

  void on_alarm() {
    if (is_over())
      return;
    alarm_.came();
    auto now = plan_.home->now();
    if (now - last_event_ >= node_->bounds.heartbeat) {
      last_event_ = now;
      // Proxies cut silent connections: from here on a failure is told in the stream.
      shown_ = true;
      settle();
      readers_->heartbeat(*log_, 0);
    }
    alarm_.by(last_event_ + node_->bounds.heartbeat);
  }

  self_pointer self_;
  node_context_ptr node_;
  completions_actor owner_;
  completion_plan plan_;
  std::vector<choice> choices_;
  std::unique_ptr<run_log> log_;
  std::unique_ptr<run_readers> readers_;
  lazy_alarm alarm_;
  /// The client's request, until it is answered.
  std::optional<caf::typed_response_promise<run_opened>> opening_;
  std::optional<caf::typed_response_promise<completed_run>> awaited_;
  /// There once all answers have ended.
  std::shared_ptr<const run_outcome> outcome_;
  steady::time_point began_;
  /// Newest event or heartbeat.
  steady::time_point last_event_;
  /// There is something to be read.
  bool shown_ = false;
  /// Its reader has come.
  bool read_ = false;
  /// Nothing is left to be said.
  bool ending_ = false;
};

} // namespace

completion_actor spawn_completion(caf::actor_system& sys, node_context_ptr node, completions_actor owner, run_id run,
                                  completion_plan plan, bool streams) {
  auto* unit = plan.home->unit();
  return spawn_homed<completion_state, completion_actor>(
    sys, unit,
    [](self_pointer self, node_context_ptr n, completions_actor o, run_id r, completion_plan p, bool s) {
      return self->state.start(std::move(n), std::move(o), r, std::move(p), s);
    },
    std::move(node), std::move(owner), run, std::move(plan), streams);
}

} // namespace parley
