#include "actors/runs/replay.hpp"

#include "actors/runs/log_server.hpp"
#include "actors/runs/replayed_answer.hpp"

#include <algorithm>

namespace parley {

namespace {

class replay_state;

using self_pointer = homed_pointer<replay_state, log_actor>;

class replay_state {
public:
  static constexpr const char* name = "replay";

  explicit replay_state(self_pointer self) : self_(self), host_(self) {}

  /// The owner outlives many logs, and would remember each of them.
  ~replay_state() {
    if (plan_.owner)
      self_->demonitor(plan_.owner.address());
  }

  replay_state(const replay_state&) = delete;
  replay_state& operator=(const replay_state&) = delete;

  log_actor::behavior_type start(replay_plan plan) {
    plan_ = std::move(plan);
    log_.emplace(plan_.names.run, plan_.node->bounds, plan_.home, host_);
    for (auto& answer : plan_.answers) {
      fill_from_stored(*log_, answer);
      answers_.push_back({answer.seat.value_or(0), answer.id});
    }
    log_->finish(
      std::none_of(plan_.answers.begin(), plan_.answers.end(), [](auto& a) { return a.status == message_status::success; }));
    plan_.answers = {};
    self_->set_down_handler([this](const caf::down_msg& down) {
      if (down.source == plan_.owner.address())
        log_->forget();
      if (log_->reader_died(down.source))
        report_dropped_reader(reader_drop::died, ids());
      end_if_over();
    });
    self_->monitor(plan_.owner);
    return {[this](const open_log& m) -> caf::result<run_opened> {
              if (auto reaches = log_->reaches(m.from); !reaches)
                return to_error(reaches.error());
              return run_opened{plan_.names, log_actor{self_}, answers_, m.from};
            },
            [this](const attach_reader& m) {
              log_->attach(m);
              end_if_over();
            },
            [this](const reader_credit& m) {
              log_->credit(sender(), m);
              end_if_over();
            },
            [this](const detach_reader& m) {
              log_->detach(sender(), m);
              end_if_over();
            },
            [this](forget_log) {
              log_->forget();
              end_if_over();
            }};
  }

  log_ids ids() const { return {plan_.names.session_key, plan_.names.run, {}}; }

private:
  caf::actor_addr sender() const { return caf::actor_cast<caf::actor_addr>(self_->current_sender()); }

  void end_if_over() {
    if (log_->is_over())
      self_->quit(caf::exit_reason::user_shutdown);
  }

  self_pointer self_;
  actor_log_host<self_pointer> host_;
  replay_plan plan_;
  std::vector<seat_message> answers_;
  std::optional<log_server> log_;
};

} // namespace

log_actor spawn_replay(caf::actor_system& sys, replay_plan plan) {
  auto* unit = plan.home->unit();
  return spawn_homed<replay_state, log_actor>(
    sys, unit, [](self_pointer self, replay_plan p) { return self->state.start(std::move(p)); }, std::move(plan));
}

} // namespace parley
