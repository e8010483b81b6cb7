#include "actors/runs/run.hpp"

#include "actors/node/lazy_alarm.hpp"
#include "actors/runs/log_server.hpp"
#include "actors/runs/run_answers.hpp"
#include "actors/runs/run_life.hpp"
#include "core/blinding.hpp"
#include "core/check.hpp"

#include <algorithm>

namespace parley {

namespace {

class run_state;

using self_pointer = homed_pointer<run_state, run_actor>;

class run_state {
public:
  static constexpr const char* name = "run";

  explicit run_state(self_pointer self) : self_(self), host_(self) {}

  /// The owner, and a kept connection, outlive many runs, and would remember each of them.
  ~run_state() {
    if (plan_.owner)
      self_->demonitor(plan_.owner.address());
    if (plan_.client)
      self_->demonitor(plan_.client->address());
  }

  run_state(const run_state&) = delete;
  run_state& operator=(const run_state&) = delete;

  run_actor::behavior_type start(run_plan plan) {
    plan_ = std::move(plan);
    log_.emplace(plan_.names.run, bounds(), plan_.home, host_);
    showing_ = run_showing{plan_.show};
    began_ = plan_.home->now();
    if (plan_.client)
      life_ = run_life::ends_with(plan_.client->address());
    else
      life_ =
        run_life::outlives_readers(plan_.cancel_on_disconnect ? std::optional{bounds().cancel_grace} : std::nullopt, began_);
    self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    self_->monitor(plan_.owner);
    if (plan_.client)
      self_->monitor(*plan_.client);
    alarm_ = lazy_alarm{plan_.home->make_alarm(self_->address())};
    keeper_.emplace(
      plan_.keep, log_->log(), bounds(), plan_.home, self_, [this](steady::time_point when) { alarm_.by(when); },
      [this](growing_answer& a, answer_fate how, const failure& why) { on_kept(static_cast<run_answer&>(a), how, why); });
    answers_.resize(plan_.answers.size()); // they stay where they are from here on
    auto planned = plan_.answers.begin();
    for (auto& a : answers_)
      begin(a, *planned++);
    plan_.answers.clear();
    log_->publish(began_);
    alarm_.by(next_due());
    // CAF looks for the handler from the top: the most frequent comes first.
    return {[this](const reader_credit& m) {
              log_->credit(sender(), m);
              end_if_over();
            },
            [this](const open_log& m) { return open(m); },
            [this](const attach_reader& m) { attach(m); },
            [this](const detach_reader& m) {
              log_->detach(sender(), m);
              after_readers_left();
            },
            [this](const forget_log&) {
              log_->forget();
              end_if_over();
            },
            [this](const stop_answers& m) { return stop(m); },
            [this](const snapshot_run&) {
              return run_snapshot{answers_.so_far(log_->log()), log_->log().newest()};
            },
            [this](await_answers) { return await(); },
            [this](answer_ended& m) { on_ended(m); },
            [this](const alarm_tick&) { on_alarm(); }};
  }

  log_ids ids() const { return {plan_.names.session_key, plan_.names.run, {}}; }

private:
  // -- beginning --------------------------------------------------------------------------------------------------------

  void begin(run_answer& a, planned_answer& planned) {
    a.answer = std::move(planned.answer);
    check(a.answer.seat.has_value(), "an answer that is made has a seat");
    check(!a.answer.blind || planned.model_name.empty(), "no format names the model of a blind answer");
    a.prompt_bytes = planned.prompt_bytes;
    log_->introduce(a.who(), a.answer.id, a.answer.attempt, std::move(planned.model_name));
    keeper_->add(a);
    // Stream and coordinator share a loop: what has come is handed over by a call, as if it were a message. The stream holds
    // its coordinator's handle, so there is somebody to call as long as there is a stream.
    auto tell = [self = self_](answer_progress& m) { self->step_while_held([&] { self->state.on_progress(m); }); };
    a.stream = spawn_model_stream(self_->system(), {plan_.home, run_actor{self_}, tell, a.who(), std::move(planned.targets),
                                                    std::move(planned.ask), std::move(planned.given), plan_.may_restart, ids()});
    self_->monitor(a.stream);
  }

  // -- who reads --------------------------------------------------------------------------------------------------------

  caf::actor_addr sender() const { return caf::actor_cast<caf::actor_addr>(self_->current_sender()); }

  caf::result<run_opened> open(const open_log& m) {
    if (auto reaches = log_->reaches(m.from); !reaches)
      return to_error(reaches.error());
    if (showing_.is_shown())
      return opened(m.from);
    auto promise = self_->make_response_promise<run_opened>();
    showing_.wait(promise);
    settle();
    return promise;
  }

  caf::result<completed_run> await() {
    auto promise = self_->make_response_promise<completed_run>();
    showing_.wait(promise);
    settle();
    return promise;
  }

  run_opened opened(std::uint64_t from) const {
    run_opened result{plan_.names, log_actor{self_}, {}, from};
    for (auto& a : answers_)
      result.answers.push_back({a.who(), a.answer.id});
    return result;
  }

  /// Answers whoever waits for the run to be shown, if that can be done by now.
  void settle() {
    auto is_over = log_->is_complete();
    check(!is_over || outcome_, "a run whose log is complete has an outcome");
    auto failed = is_over && outcome_->failed ? std::optional{answers_.first_failure()} : std::nullopt;
    if (showing_.settle(
          is_over, failed, [this] { return opened(0); },
          [this] {
            return completed_run{plan_.names.run, answers_.so_far(log_->log()), *outcome_};
          }))
      log_->forget();
    end_if_over();
  }

  void attach(const attach_reader& m) {
    life_->reader_came();
    if (life_->has_client()) // nobody else will read it
      log_->forget();
    log_->attach(m);
    after_readers_left();
  }

  void after_readers_left() {
    if (log_->empty() && !log_->is_complete()) {
      life_->readers_left(plan_.home->now());
      alarm_.by(life_->due());
    }
    end_if_over();
  }

  void end_if_over() {
    if (!log_->is_over())
      return;
    // Streams end with their coordinator; soon their connections can be used again.
    if (!answers_.any_stream())
      self_->quit(caf::exit_reason::user_shutdown);
  }

  void on_down(const caf::down_msg& down) {
    auto& gone = down.source;
    for (auto& a : answers_)
      if (a.stream && a.stream.address() == gone) {
        a.stream = nullptr;
        if (a.phase == answer_phase::generating)
          finish(a, finish_reason::error, answer_error{ec::internal, "The answer stopped unexpectedly."}, std::nullopt);
        return end_if_over();
      }
    // The node ends. An owner that died of a defect is no reason to throw away what a provider gives us.
    bool node_ends =
      gone == plan_.owner.address() && (down.reason == caf::exit_reason::user_shutdown || down.reason == caf::exit_reason::kill);
    if (!log_->is_complete() && (node_ends || life_->is_client(gone)))
      return self_->quit(caf::exit_reason::user_shutdown);
    if (gone == plan_.owner.address() || life_->is_client(gone))
      log_->forget();
    if (log_->reader_died(gone))
      report_dropped_reader(reader_drop::died, ids());
    after_readers_left();
  }

  // -- what the streams tell --------------------------------------------------------------------------------------------

  void on_progress(answer_progress& m) {
    auto& a = answers_.of(m.who);
    if (a.phase != answer_phase::generating) // stopped: what was on its way is late
      return;
    auto now = plan_.home->now();
    bool too_large = false;
    for (auto& event : m.events) {
      too_large = !take(a, event, now);
      if (too_large)
        break;
    }
    log_->publish(now);
    if (too_large)
      return finish(a, showing_.reason_of_excess(), showing_.error_of_excess(), std::nullopt);
    keeper_->grew(a, now);
    if (!showing_.is_shown()) {
      showing_.show();
      settle();
    }
  }

  /// Appends to the log; false if that would exceed the answer's limit.
  bool take(run_answer& a, answer_event& event, steady::time_point now) {
    if (a.answer.blind)
      a.calls.hide(event);
    if (!a.take(event, log_->log(), bounds().max_answer_bytes, now - began_))
      return false;
    if (std::holds_alternative<answer_restart>(event))
      keeper_->began_again(a);
    return true;
  }

  void on_ended(answer_ended& m) {
    auto& a = answers_.of(m.who);
    a.stream_ends = true;
    if (a.phase != answer_phase::generating)
      return;
    a.answer.model = std::move(m.model);
    finish(a, m.reason, std::move(m.error), m.usage);
  }

  // -- finishing --------------------------------------------------------------------------------------------------------

  void finish(run_answer& a, finish_reason reason, std::optional<answer_error> error, std::optional<token_usage> usage) {
    check(a.phase == answer_phase::generating, "an answer ends once");
    a.phase = answer_phase::keeping;
    if (!a.stream_ends && a.stream)
      self_->send_exit(std::exchange(a.stream, nullptr), caf::exit_reason::user_shutdown);
    a.end(log_->log(), reason, std::move(error), usage, plan_.home->now() - began_);
    a.answer.completed_at = plan_.node->wall();
    keeper_->keep(a);
  }

  /// The answer is safe, or can't be: now its finish may be seen, by the owner first, so that a reader's next turn finds it free.
  void on_kept(run_answer& a, answer_fate how, const failure& why) {
    check(a.phase == answer_phase::keeping, "an answer is kept before its finish is shown, and its finish is shown once");
    if (how == answer_fate::lost) {
      // Its text stays with the session while that is in memory; a client must not take it for kept.
      a.answer.status = message_status::failed;
      a.answer.finish = why.code == ec::fenced ? finish_reason::interrupted : finish_reason::error;
      a.answer.error = answer_error{why.code == ec::fenced ? ec::internal : ec::store_unavailable,
                                    "The answer came, but it could not be stored."};
    }
    a.phase = answer_phase::finished;
    auto whole = a.answer; // the log has the text, too, and this answer gives its memory back
    std::string{}.swap(a.answer.content);
    std::string{}.swap(a.answer.reasoning);
    auto is_over = answers_.all_finished();
    if (is_over)
      outcome_ = std::make_shared<const run_outcome>(answers_.outcome());
    if (plan_.keep && how == answer_fate::stored) // else nobody may hear "completed" yet
      log_->complete(a.who(), a.answer);
    auto shown = shown_details(a.answer);
    log_->append(a.who(),
                 answer_finish{*a.answer.finish, a.answer.id, shown.usage, shown.error, how != answer_fate::spooled, outcome_});
    if (plan_.keep)
      self_->send(plan_.owner, answer_completed{plan_.names.run, std::move(whole)});
    if (is_over)
      self_->send(plan_.owner, run_completed{plan_.names.run, log_->log().bytes(), log_->log().newest()});
    answers_.answer_stops();
    if (is_success(*a.answer.finish))
      showing_.show();
    if (is_over) {
      alarm_.cancel();
      log_->finish(outcome_->failed);
    } else {
      log_->publish(plan_.home->now());
    }
    settle();
  }

  // -- stopping ---------------------------------------------------------------------------------------------------------

  caf::result<stopped_answers> stop(const stop_answers& m) {
    auto promise = self_->make_response_promise<stopped_answers>();
    answers_.wait_for_stop(m, promise);
    for (auto& a : answers_)
      if (a.phase == answer_phase::generating && run_answers::concerns(m.who, a))
        finish(a, m.reason, showing_.error_of_stop(), std::nullopt);
    answers_.answer_stops();
    return promise;
  }

  // -- time -------------------------------------------------------------------------------------------------------------

  steady::time_point next_due() const { return std::min({log_->next_beat(), life_->due(), keeper_->due()}); }

  void on_alarm() {
    if (log_->is_complete())
      return;
    alarm_.came();
    auto now = plan_.home->now();
    keeper_->tick(now);
    if (life_->take_abandoned(now))
      for (auto& a : answers_)
        if (a.phase == answer_phase::generating)
          finish(a, finish_reason::cancelled, std::nullopt, std::nullopt);
    if (now >= log_->next_beat()) {
      // Proxies cut silent connections: from here on a failure is told in the stream.
      showing_.show();
      settle();
      log_->beat(now);
    }
    alarm_.by(next_due());
  }

  const limits& bounds() const { return plan_.node->bounds; }

  self_pointer self_;
  actor_log_host<self_pointer> host_;
  run_plan plan_;
  std::optional<log_server> log_;
  std::optional<answer_keeper> keeper_;
  std::optional<run_life> life_;
  run_showing showing_{run_showing::form::as_events};
  run_answers answers_;
  lazy_alarm alarm_;
  /// There once all answers have ended.
  std::shared_ptr<const run_outcome> outcome_;
  steady::time_point began_;
};

} // namespace

run_actor spawn_run(caf::actor_system& sys, run_plan plan) {
  auto* unit = plan.home->unit();
  return spawn_homed<run_state, run_actor>(
    sys, unit, [](self_pointer self, run_plan p) { return self->state.start(std::move(p)); }, std::move(plan));
}

} // namespace parley
