// The actor: in which order things are asked of the store, a run and `sessions`, and who waits for what. What they mean is said
// beside it: of a request in run_request, turn_request, turn_vote and session_request, of a run in run_plans, current_run and
// session_runs, of what is known in session_record, session_life and transcript.

#include "actors/sessions/session.hpp"

#include "actors/sessions/counted_store.hpp"
#include "actors/sessions/run_plans.hpp"
#include "actors/sessions/run_request.hpp"
#include "actors/sessions/session_listeners.hpp"
#include "actors/sessions/shown_answer.hpp"
#include "actors/sessions/turn_vote.hpp"

#include <spdlog/spdlog.h>

namespace parley {

namespace {

/// Between two tries to reload a session.
constexpr std::chrono::seconds reload_pause{1};

template <class Reply>
using promise_of = caf::typed_response_promise<Reply>;
using opening = promise_of<run_opened>;

class session_state;

using self_pointer = homed_pointer<session_state, session_actor>;

class session_state {
public:
  static constexpr const char* name = "session";

  explicit session_state(self_pointer self) : self_(self) {}

  /// `sessions` outlives many sessions, and would remember each of them.
  ~session_state() {
    if (around_.parent)
      self_->demonitor(around_.parent.address());
  }

  session_state(const session_state&) = delete;
  session_state& operator=(const session_state&) = delete;

  log_ids ids() const { return {record_.id(), {}, {}}; }

  session_actor::behavior_type start(session_surroundings around, opened_session opened) {
    around_ = std::move(around);
    store_ = counted_store{self_, around_.store};
    record_ = session_record{std::move(opened)};
    life_ = session_life{record_.id()};
    listeners_ = session_listeners{around_.votes};
    self_->set_down_handler([this](const caf::down_msg& down) { on_down(down.source); });
    self_->monitor(around_.parent);
    return {[this](const show_session&) { return view(); },
            [this](const change_session& m) { return promised<session_view>(m); },
            [this](const remove_session&) { return remove(); },
            [this](const show_transcript& m) { return answer_shown(self_, show(m.page, now())); },
            [this](const show_message& m) { return answer_shown(self_, show(m.id, now())); },
            [this](const start_turn& m, run_home home) { return promised<run_opened>(m, home); },
            [this](const regenerate_answer& m, run_home home) { return promised<run_opened>(m, home); },
            [this](const attach_to_run& m, run_home home) { return promised<run_opened>(m, home); },
            [this](const stop_message& m) { return stop(m.id); },
            [this](const cast_vote& m) { return vote(m); },
            [this](const show_state& m) { return answer_shown(self_, show(m.from, now())); },
            [this](const watch_session&, const session_listener& who) { return watch(who); },
            [this](const relay_typing& m) {
              listeners_.tell(somebody_types{m.subscriber, m.user_id, m.is_typing});
            },
            [this](answer_unspooled& m) { listeners_.tell(answer_stored{record_.put(std::move(m.answer))}); },
            [this](answer_completed& m) { record_.update(std::move(m.answer)); },
            [this](const run_completed& m) { on_completed(m); },
            [this](const end_pause& m) {
              if (m.failed_reloads == life_.failed_reloads())
                reload_if_owed();
            },
            [this](const ask_idle& m) {
              if (!runs_.current() && !store_.is_busy() && listeners_.empty() && removals_.empty())
                self_->send(around_.parent, session_idle{record_.id(), m.token});
            },
            [this](const interrupt_run&) { stop_run(finish_reason::interrupted, [] {}); }};
  }

private:
  /// For a request that may have to wait: `carry_out` delivers now or later.
  template <class Reply, class Request, class... Beside>
  promise_of<Reply> promised(const Request& wanted, Beside... beside) {
    auto promise = self_->make_response_promise<Reply>();
    carry_out(wanted, beside..., promise);
    return promise;
  }

  session_now now() const { return {*around_.node, record_, runs_, life_}; }

  session_view view() const { return view_of(now()); }

  void on_down(const caf::actor_addr& gone) {
    if (gone == around_.parent.address())
      return self_->quit(caf::exit_reason::user_shutdown);
    listeners_.remove(gone);
    runs_.remove(gone);
    if (auto* run = runs_.current(); run && run->log.address() == gone)
      on_coordinator_down();
  }

  // -- the session itself -----------------------------------------------------------------------------------------------

  void carry_out(const change_session& asked, promise_of<session_view> to) {
    if (life_.is_going())
      return void(to.deliver(to_error(no_such_session())));
    if (life_.is_reloading())
      return once_reloaded(to, [this, asked, to] { carry_out(asked, to); });
    auto before = record_.change(asked.wanted, around_.node->wall());
    store_.write(
      update_session{record_.about(), record_.held()},
      [this, to]() mutable {
        listeners_.tell(session_updated{view()});
        to.deliver(view());
      },
      [this, to, before](const caf::error& why) mutable {
        record_.take_back(before);
        to.deliver(why);
        // It may have the change, and has those that were asked for meanwhile.
        if (may_be_stored(why))
          reload();
      });
  }

  caf::result<store_written> remove() {
    removals_.push_back(self_->make_response_promise<store_written>());
    auto promise = removals_.back();
    if (life_.is_going())
      return promise;
    life_.remove();
    stop_run(finish_reason::cancelled, [this] { erase(); });
    return promise;
  }

  /// Calls `then` once no run goes on, or the run did not say so in time. Where its coordinator dies, `on_coordinator_down` is
  /// called instead.
  template <class Then>
  void stop_run(finish_reason reason, Then then) {
    auto* now = runs_.current();
    if (!now)
      return then();
    self_->request(now->log, defaults::actor_timeout, stop_answers{{}, reason})
      .then([then](const stopped_answers&) { then(); },
            [this, then, run = now->ids.run](const caf::error&) {
              if (runs_.is_current(run))
                then();
            });
  }

  void erase() {
    if (!life_.begin_removal())
      return;
    store_.write(
      delete_session{record_.id()},
      [this] {
        life_.removed();
        listeners_.tell(session_deleted{view()});
        answer_all(removals_, store_written{});
        self_->quit(caf::exit_reason::user_shutdown);
      },
      [this](const caf::error& why) {
        life_.not_removed();
        answer_all(removals_, why);
        if (may_be_stored(why))
          life_.owe_reload();
        reload_if_owed();
      });
  }

  // -- runs -------------------------------------------------------------------------------------------------------------

  template <class Request>
  void carry_out(const Request& wanted, run_home home, opening to) {
    auto decision = decide(wanted, now());
    if (!decision)
      to.deliver(to_error(decision.error()));
    else if (auto* run = std::get_if<new_run>(&*decision))
      begin_run(*run, home, to);
    else if (auto* there = std::get_if<read_run>(&*decision))
      open(*there, home, to);
    else if (std::holds_alternative<await_commit>(*decision))
      runs_.current()->waiting.push_back(to);
    else
      once_reloaded(to, [this, wanted, home, to] { carry_out(wanted, home, to); });
  }

  /// The store is asked before the coordinator is there, and takes requests in their order: nothing of the run can be stored
  /// before the messages it answers. Upstreams are asked meanwhile.
  void begin_run(const new_run& wanted, run_home home, const opening& to) {
    auto run = new_id<run_id>();
    auto plan = plan_run(wanted, {around_.node, home.loop, self_, record_.id(), run}, record_, around_.store);
    auto added = first_messages(wanted.turn, plan);
    auto current = begun_run(wanted.turn, plan, wanted.by);
    current.title_before = record_.begin_turn(wanted.turn.title, around_.node->wall());
    current.waiting.push_back(to);
    store_.write(
      append_messages{record_.id(), record_.held(), added, record_.about()}, [this, run, added] { committed(run, added); },
      [this, run](const caf::error& why) { not_committed(run, why); });
    // Before the commit already: a node that drains waits for it.
    self_->send(around_.parent, run_began{record_.id(), current.ids, ids_of(current.question, added)});
    current.log = spawn_run(self_->system(), std::move(plan));
    self_->monitor(current.log);
    runs_.begin(std::move(current));
  }

  void committed(run_id run, const std::vector<message>& added) {
    if (!runs_.is_current(run)) // its coordinator died meanwhile: the session is being reloaded
      return;
    auto& now = *runs_.current();
    record_.append(added);
    now.committed = true;
    listeners_.tell_run(run, now.log, added);
    answer_all(now.waiting, now.opened_in(record_.id()));
  }

  void not_committed(run_id run, const caf::error& why) {
    if (!runs_.is_current(run))
      return;
    auto failed = runs_.drop();
    record_.title_again(failed.title_before);
    self_->send_exit(failed.log, caf::exit_reason::user_shutdown);
    self_->send(around_.parent, run_over{record_.id(), run, {}, 0});
    answer_all(failed.waiting, why);
    if (may_be_stored(why))
      life_.owe_reload();
    reload_if_owed();
  }

  void on_completed(const run_completed& m) {
    if (!runs_.is_current(m.run))
      return;
    log_actor log = runs_.current()->log;
    runs_.finish(m.newest);
    self_->send(around_.parent, run_over{record_.id(), m.run, std::move(log), m.log_bytes});
    reload_if_owed();
  }

  /// The log of that run, or a replay of what is stored of it.
  void open(const read_run& wanted, run_home home, opening to) {
    auto there = runs_.find(wanted.run, wanted.from);
    if (!there)
      return replay(wanted.run, home, to);
    self_->request(there->log, defaults::actor_timeout, open_log{there->from})
      .then([to](run_opened& opened) mutable { to.deliver(std::move(opened)); },
            [this, to, run = wanted.run, log = there->log.address(), home](const caf::error& why) mutable {
              if (why != caf::sec::request_receiver_down || runs_.is_current(run)) {
                to.deliver(why);
              } else { // the log has just ended, since its window is over
                runs_.remove(log);
                replay(run, home, to);
              }
            });
  }

  void replay(run_id run, run_home home, opening to) {
    auto plan = blank_plan<replay_plan>({around_.node, home.loop, self_, record_.id(), run});
    auto bytes = plan_replay(plan, record_.messages());
    auto log = spawn_replay(self_->system(), std::move(plan));
    self_->monitor(log);
    runs_.add_replay(run, log);
    self_->send(around_.parent, run_over{record_.id(), run, log, bytes});
    to.delegate(log, open_log{0});
  }

  caf::result<stopped_answers> stop(message_id id) {
    auto* found = record_.messages().find(id);
    if (!found)
      return to_error(no_such_message());
    if (auto* now = runs_.current())
      if (auto wanted = now->stop_of(*found))
        return self_->delegate(now->log, std::move(*wanted));
    return states_of(*found, record_.messages());
  }

  // -- reloading --------------------------------------------------------------------------------------------------------

  /// It died with answers under way. The store knows what of them is checkpointed, and makes them `interrupted`, as after a crash
  /// of the node.
  void on_coordinator_down() {
    auto dead = runs_.drop();
    spdlog::error("session={} run={} request={}: the run's coordinator died", to_string(record_.id()), to_string(dead.ids.run),
                  dead.by.request_id);
    answer_all(dead.waiting, to_error({ec::internal, "The run stopped unexpectedly.", {}}));
    reload(dead.ids.run);
    erase(); // if that is what it was to stop for
  }

  /// Replaces what the session has in memory with the stored state, as soon as that can be. `over`: see `owe_reload`.
  void reload(std::optional<run_id> over = std::nullopt) {
    life_.owe_reload(over);
    reload_if_owed();
  }

  void reload_if_owed() {
    if (!life_.begin_reload(runs_.current() != nullptr))
      return;
    store_.open(
      record_.id(),
      [this](opened_session& opened) {
        bool shows_names = record_.take(std::move(opened));
        if (auto ended = life_.reloaded())
          self_->send(around_.parent, run_over{record_.id(), *ended, {}, 0});
        if (shows_names) {
          listeners_.tell_of_vote();
          listeners_.tell(session_updated{view()});
        }
        life_.tell_waiting(nullptr);
      },
      [this](const caf::error& why) {
        auto failed = life_.reload_failed();
        life_.tell_waiting(&why);
        if (life_.is_going()) // what becomes of the removal decides
          return;
        if (!may_be_stored(why))
          return self_->quit(caf::exit_reason::user_shutdown); // the next request loads it anew
        // What it has in memory can be read also while the store is away.
        self_->delayed_send(self_, reload_pause, end_pause{failed});
      });
  }

  /// Calls `again` once the stored state is there, or delivers why it is not.
  template <class Reply>
  void once_reloaded(promise_of<Reply> to, std::function<void()> again) {
    if (life_.phase() == session_phase::reloading)
      return void(to.deliver(to_error(being_reloaded())));
    life_.wait([to, again = std::move(again)](const caf::error* failed) mutable {
      if (failed)
        to.deliver(*failed);
      else
        again();
    });
    reload();
  }

  // -- votes, and who watches ------------------------------------------------------------------------------------------

  caf::result<vote_view> vote(const cast_vote& wanted) {
    auto plan = plan_vote(wanted, now(), votes_under_way_ > 0);
    if (!plan)
      return to_error(plan.error());
    ++votes_under_way_;
    auto promise = self_->make_response_promise<vote_view>();
    store_.write(
      *plan,
      [this, promise, question = wanted.id, cast = *plan]() mutable {
        --votes_under_way_;
        record_.take_vote(question, cast.given);
        if (cast.given.counted)
          listeners_.tell_of_vote(); // first: who has the answer finds the vote in the leaderboard
        if (auto* voted = record_.messages().find(question)) {
          listeners_.tell(turn_voted{*voted});
          listeners_.tell(session_updated{view()});
        }
        promise.deliver(vote_view{cast.id, cast.turn, cast.given, view()});
      },
      [this, promise](const caf::error& why) mutable {
        --votes_under_way_;
        promise.deliver(why);
        // The store has a vote that isn't known here, or may have.
        if (to_failure(why).code == ec::already_voted || may_be_stored(why))
          reload();
      });
    return promise;
  }

  caf::result<session_view> watch(const session_listener& who) {
    if (life_.is_going())
      return to_error(no_such_session());
    self_->monitor(who);
    listeners_.add(who);
    return view();
  }

  self_pointer self_;
  session_surroundings around_;
  counted_store<self_pointer> store_;
  session_record record_;
  session_runs runs_;
  session_life life_;
  session_listeners listeners_;
  /// Votes that the store hasn't taken yet.
  int votes_under_way_ = 0;
  /// Who waits for the session to be deleted.
  std::vector<promise_of<store_written>> removals_;
};

} // namespace

session_actor spawn_session(caf::actor_system& sys, session_surroundings around, opened_session opened) {
  auto init = [](self_pointer self, session_surroundings to, opened_session o) {
    return self->state.start(std::move(to), std::move(o));
  };
  return spawn_homed<session_state, session_actor>(sys, nullptr, init, std::move(around), std::move(opened));
}

} // namespace parley
