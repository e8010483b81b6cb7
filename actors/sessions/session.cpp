// The actor: in which order things are asked of the store, a run and `sessions`, and who waits for what. What they mean is said
// beside it: of a request in turn_request, turn_vote and session_request, of a run in run_plans, current_run and session_runs,
// of what is known in session_record, session_recovery and transcript.

#include "actors/sessions/session.hpp"

#include "actors/sessions/run_plans.hpp"
#include "actors/sessions/session_listeners.hpp"
#include "actors/sessions/session_record.hpp"
#include "actors/sessions/session_recovery.hpp"
#include "actors/sessions/session_runs.hpp"
#include "actors/sessions/transcript.hpp"
#include "actors/sessions/turn_request.hpp"
#include "actors/sessions/turn_vote.hpp"

namespace parley {

/// From a session to itself: the store didn't give its word, and may do so now.
struct reload_session {};

/// A session as it sees itself.
using reloadable_session = session_actor::extend<caf::reacts_to<reload_session>>;

} // namespace parley

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::reload_session)

namespace parley {

namespace {

/// Between two tries to get the store's word for what a session is.
constexpr std::chrono::seconds reload_pause{1};

class session_state;

using self_pointer = reloadable_session::stateful_pointer<session_state>;

class session_state {
public:
  static constexpr const char* name = "session";

  explicit session_state(self_pointer self) : self_(self) {}

  /// `sessions` outlives many sessions, and would remember each of them.
  ~session_state() {
    if (parent_)
      self_->demonitor(parent_.address());
  }

  session_state(const session_state&) = delete;
  session_state& operator=(const session_state&) = delete;

  reloadable_session::behavior_type start(node_context_ptr node, sessions_actor parent, persistence_actor store,
                                          opened_session opened) {
    node_ = std::move(node);
    parent_ = std::move(parent);
    store_ = std::move(store);
    record_ = session_record{std::move(opened)};
    self_->set_down_handler([this](const caf::down_msg& down) {
      if (down.source == parent_.address())
        return self_->quit(caf::exit_reason::user_shutdown);
      listeners_.remove(down.source);
      runs_.remove(down.source);
      if (auto* now = runs_.current(); now && now->log.address() == down.source)
        take_over_again();
    });
    self_->monitor(parent_);
    return {[this](const show_session&) { return counted(), view(); },
            [this](const change_session& m) { return counted(), change(m); },
            [this](const remove_session&) { return counted(), remove(); },
            [this](const show_transcript& m) { return counted(), transcript(m.page); },
            [this](const show_message& m) { return counted(), show(m.id); },
            [this](const start_turn& m) { return counted(), ask(m); },
            [this](const regenerate_answer& m) { return counted(), regenerate(m); },
            [this](const attach_to_run& m) { return counted(), attach(m); },
            [this](const stop_message& m) { return counted(), stop(m.id); },
            [this](const cast_vote& m) { return counted(), vote(m); },
            [this](const show_state& m) { return counted(), state(m.from); },
            [this](const watch_session& m) { return counted(), watch(m.who); },
            [this](const relay_typing& m) { counted(), listeners_.somebody_types(m); },
            [this](answer_unspooled& m) { counted(), on_unspooled(m.answer); },
            [this](answer_completed& m) { record_.update(std::move(m.answer)); },
            [this](const run_completed& m) { on_completed(m); },
            [this](reload_session) {
              if (recovery_.under_way())
                reload();
            },
            [this](const ask_idle&) {
              if (!runs_.current() && store_requests_ == 0 && listeners_.empty())
                self_->send(parent_, session_idle{record_.id(), requests_seen_});
            },
            [this](const interrupt_run&) {
              if (auto* now = runs_.current())
                self_->request(now->log, defaults::actor_timeout, stop_answers{{}, finish_reason::interrupted})
                  .then([](const stopped_answers&) {}, [](const caf::error&) {});
            }};
  }

private:
  using opening = caf::result<run_opened>;

  /// Requests are counted as `sessions` counts them, so that both know when all that was passed on has arrived.
  void counted() { ++requests_seen_; }

  // -- the session itself -----------------------------------------------------------------------------------------------

  session_view view() const {
    session_view result{record_.about(), std::nullopt};
    if (auto* now = runs_.shown())
      result.running = now->ids;
    return result;
  }

  caf::result<session_view> change(const change_session& asked) {
    if (recovery_.under_way())
      return once_reloaded<session_view>(asked);
    auto before = record_.change(asked.wanted, node_->wall());
    auto promise = self_->make_response_promise<session_view>();
    ask_store(
      update_session{record_.about(), record_.held()},
      [this, promise](const store_written&) mutable {
        listeners_.session_changed("updated", view());
        promise.deliver(view());
      },
      [this, promise, before](const caf::error& why) mutable {
        record_.take_back(before);
        promise.deliver(why);
        // It may have the change, and has those that were asked for meanwhile.
        if (may_be_stored(why))
          reload();
      });
    return promise;
  }

  caf::result<store_written> remove() {
    removals_.push_back(self_->make_response_promise<store_written>());
    auto promise = removals_.back();
    if (removals_.size() > 1)
      return promise;
    removed_ = true;
    auto erase = [this] {
      ask_store(
        delete_session{record_.id()},
        [this](const store_written&) {
          listeners_.session_changed("deleted", view());
          for (auto& waiting : std::exchange(removals_, {}))
            waiting.deliver(store_written{});
          self_->quit(caf::exit_reason::user_shutdown);
        },
        [this](const caf::error& why) {
          removed_ = false;
          for (auto& waiting : std::exchange(removals_, {}))
            waiting.deliver(why);
        });
    };
    if (auto* now = runs_.current())
      self_->request(now->log, defaults::actor_timeout, stop_answers{})
        .then([erase](const stopped_answers&) { erase(); }, [erase](const caf::error&) { erase(); });
    else
      erase();
    return promise;
  }

  // -- reading ----------------------------------------------------------------------------------------------------------

  caf::result<message_page> transcript(const list_messages& wanted) {
    auto page = page_of(record_.messages(), wanted);
    if (!page)
      return to_error(page.error());
    if (!runs_.current() || !any_running(page->data))
      return std::move(*page);
    return as_of_now(std::move(*page), [](message_page& shown, const run_snapshot& now) { fill_in(shown.data, now); });
  }

  caf::result<message> show(message_id id) {
    auto* found = record_.messages().find(id);
    if (!found)
      return to_error(no_such_message());
    if (!runs_.current() || is_final(found->status))
      return *found;
    return as_of_now(*found, [](message& shown, const run_snapshot& now) { fill_in(shown, now); });
  }

  /// Answers with `reply` once `complete` has put into it what the running answers are by now.
  template <class Reply, class Complete>
  caf::result<Reply> as_of_now(Reply reply, Complete complete) {
    auto promise = self_->make_response_promise<Reply>();
    self_->request(runs_.current()->log, defaults::actor_timeout, snapshot_run{})
      .then(
        [promise, complete, reply = std::move(reply)](const run_snapshot& now) mutable {
          complete(reply, now);
          promise.deliver(std::move(reply));
        },
        [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  // -- turns ------------------------------------------------------------------------------------------------------------

  opening ask(const start_turn& wanted) {
    if (removed_)
      return to_error({ec::not_found, "There is no such session.", "session_id"});
    if (recovery_.under_way())
      return once_reloaded<run_opened>(wanted);
    if (wanted.only_direct && record_.about().models.size() > 1)
      return to_error({ec::invalid_request, "Only one answer can be shown here; the session compares several.", "session_id"});
    if (auto* asked = question_of(wanted); asked && runs_.current() && !runs_.shown())
      if (auto& now = *runs_.current(); asked->id == now.question.id)
        return wait_for_commit(*asked, now);
    auto plan = plan_turn(wanted, record_.messages(), record_.about(), node_->wall());
    if (!plan)
      return to_error(plan.error());
    if (plan->known)
      if (auto answers = record_.messages().answers_of(plan->question.id); !answers.empty())
        return open(answers.front()->run, 0, wanted.home);
    if (auto busy = refusal())
      return to_error(*busy);
    return begin_run(*plan, wanted.home, wanted.cancel_on_disconnect);
  }

  opening regenerate(const regenerate_answer& wanted) {
    if (removed_)
      return to_error(no_such_message());
    auto plan = plan_another_attempt(wanted.id, record_.messages(), record_.about(), node_->wall());
    if (!plan)
      return to_error(plan.error());
    if (recovery_.under_way())
      return once_reloaded<run_opened>(wanted);
    if (auto busy = refusal())
      return to_error(*busy);
    if (!record_.messages().is_last_turn(plan->question.id))
      return to_error({ec::not_last_turn, "Only the newest turn of a branch can be answered anew.", "id"});
    return begin_run(*plan, wanted.home, wanted.cancel_on_disconnect);
  }

  /// Why no run can begin now.
  std::optional<failure> refusal() const {
    return runs_.current() ? runs_.current()->in_progress() : run_refusal(record_.about(), record_.messages(), *node_);
  }

  /// The store is asked before the coordinator is there, and takes requests in their order: nothing of the run can be stored
  /// before the messages it answers. Upstreams are asked meanwhile.
  opening begin_run(const planned_turn& turn, home_loop* home, bool cancel_on_disconnect) {
    auto run = new_id<run_id>();
    run_plan plan;
    plan.node = node_;
    plan.home = home;
    plan.owner = self_;
    plan.names.session_key = record_.id();
    plan.names.run = run;
    plan.keep = stored_session{store_, record_.id(), record_.held()};
    plan.cancel_on_disconnect = cancel_on_disconnect;
    plan_answers(plan, turn, record_.messages(), record_.about());
    current_run current;
    current.ids = {plan.names.turn, run};
    current.question = turn.question;
    current.title_before = record_.begin_turn(turn.title, node_->wall());
    auto added = turn.added;
    std::vector<message_id> live{turn.question.id};
    for (auto& m : added)
      live.push_back(m.id);
    for (auto& planned : plan.answers) {
      current.answers.push_back({*planned.answer.seat, planned.answer.id});
      added.push_back(planned.answer);
      live.push_back(planned.answer.id);
    }
    auto promise = self_->make_response_promise<run_opened>();
    current.waiting.push_back(promise);
    ask_store(
      append_messages{record_.id(), record_.held(), added, record_.about()},
      [this, run, added](const store_written&) { committed(run, added); },
      [this, run](const caf::error& why) { not_committed(run, why); });
    // Before the commit already: a node that drains waits for it.
    self_->send(parent_, run_began{record_.id(), current.ids, std::move(live)});
    current.log = spawn_run(self_->system(), std::move(plan));
    self_->monitor(current.log);
    runs_.begin(std::move(current));
    return promise;
  }

  void committed(run_id run, const std::vector<message>& added) {
    if (!runs_.is_current(run)) // its coordinator died meanwhile: the session is being reloaded
      return;
    auto& now = *runs_.current();
    record_.append(added);
    now.committed = true;
    listeners_.run_began(run, now.log, added);
    now.answer_waiting(now.opened_in(record_.id()));
  }

  void not_committed(run_id run, const caf::error& why) {
    if (!runs_.is_current(run))
      return;
    auto failed = runs_.drop();
    record_.title_again(failed.title_before);
    self_->send_exit(failed.log, caf::exit_reason::user_shutdown);
    self_->send(parent_, run_over{record_.id(), run, {}, 0});
    failed.answer_waiting(why);
    if (may_be_stored(why) || recovery_.postponed())
      reload();
  }

  /// The question of a run that isn't committed yet isn't in the conversation either.
  opening wait_for_commit(const incoming_message& asked, current_run& now) {
    if (asked.content != now.question.content)
      return to_error({ec::id_conflict, "A message with this id and other content is there already.", "messages"});
    now.waiting.push_back(self_->make_response_promise<run_opened>());
    return now.waiting.back();
  }

  void on_completed(const run_completed& m) {
    if (!runs_.is_current(m.run))
      return;
    log_actor log = runs_.current()->log;
    runs_.finish(m.newest);
    self_->send(parent_, run_over{record_.id(), m.run, std::move(log), m.log_bytes});
    if (recovery_.postponed())
      reload();
  }

  /// The coordinator died with answers under way. The store knows what of them is checkpointed, and makes them
  /// `interrupted`, as after a crash of the node.
  void take_over_again() {
    auto dead = runs_.drop();
    dead.answer_waiting(to_error({ec::internal, "The run stopped unexpectedly.", {}}));
    reload(dead.ids.run);
  }

  /// Takes the store's word for what the session is. `over`, if given, is a run that this ends. A run that goes on couldn't be
  /// stored any more, with the epoch that it has: its end comes first.
  void reload(std::optional<run_id> over = std::nullopt) {
    if (recovery_.asking() || removed_)
      return;
    if (runs_.current())
      return recovery_.postpone();
    recovery_.ask(over);
    ++store_requests_;
    self_->request(store_, defaults::store_timeout, open_session{record_.id()})
      .then(
        [this](opened_session& opened) {
          --store_requests_;
          bool shows_names = record_.take(std::move(opened));
          if (auto ended = recovery_.succeeded())
            self_->send(parent_, run_over{record_.id(), *ended, {}, 0});
          if (shows_names)
            listeners_.session_changed("updated", view());
          recovery_.tell_waiting(nullptr);
        },
        [this](const caf::error& why) {
          --store_requests_;
          recovery_.failed();
          recovery_.tell_waiting(&why);
          if (!may_be_stored(why))
            return self_->quit(caf::exit_reason::user_shutdown); // the next request loads it anew
          // What it has in memory can be read also while the store is away.
          self_->delayed_send(self_, reload_pause, reload_session{});
        });
  }

  /// The store said nothing: it may have done what it was asked all the same.
  static bool may_be_stored(const caf::error& why) {
    auto code = to_failure(why).code;
    return code == ec::store_unavailable || code == ec::unavailable;
  }

  /// A request that the store's word has to come before.
  template <class Reply, class Request>
  caf::result<Reply> once_reloaded(const Request& wanted) {
    if (recovery_.asking())
      return to_error(being_reloaded());
    auto promise = self_->make_response_promise<Reply>();
    recovery_.wait([this, promise, wanted](const caf::error* failed) mutable {
      if (failed) {
        promise.deliver(*failed);
      } else {
        --requests_seen_; // it comes again
        promise.delegate(session_actor{self_}, wanted);
      }
    });
    reload();
    return promise;
  }

  static failure being_reloaded() { return {ec::unavailable, "The session is being recovered; please try again.", {}}; }

  // -- attaching and stopping -------------------------------------------------------------------------------------------

  opening attach(const attach_to_run& wanted) {
    auto* found = record_.messages().find(wanted.id);
    if (!found || removed_)
      return to_error(no_such_message());
    auto run = found->run;
    if (found->role == message_role::user)
      if (auto answers = record_.messages().answers_of(found->id); !answers.empty())
        run = answers.back()->run;
    if (recovery_.under_way() && !(run && runs_.find(*run))) // a log that is there tells what was told before
      return once_reloaded<run_opened>(wanted);
    bool other_run = wanted.from.run && run && wanted.from.run != *run;
    return open(run, other_run ? 0 : wanted.from.offset, wanted.home);
  }

  /// The log of that run, or a replay of what is stored of it.
  opening open(const std::optional<run_id>& run, std::uint64_t from, home_loop* home) {
    if (!run)
      return to_error({ec::not_found, "No model ever answered this message.", {}});
    auto there = runs_.find(*run, from);
    if (!there)
      return self_->delegate(replay(*run, home), open_log{0});
    auto promise = self_->make_response_promise<run_opened>();
    self_->request(there->log, defaults::actor_timeout, open_log{there->from})
      .then([promise](run_opened& opened) mutable { promise.deliver(std::move(opened)); },
            [this, promise, run = *run, log = there->log.address(), home](const caf::error& why) mutable {
              // The log has just ended, since its window is over.
              if (why == caf::sec::request_receiver_down && !runs_.is_current(run)) {
                runs_.remove(log);
                promise.delegate(replay(run, home), open_log{0});
              } else {
                promise.deliver(why);
              }
            });
    return promise;
  }

  log_actor replay(run_id run, home_loop* home) {
    replay_plan plan;
    plan.node = node_;
    plan.home = home;
    plan.owner = self_;
    plan.names.session_key = record_.id();
    plan.names.run = run;
    auto bytes = plan_replay(plan, record_.messages());
    auto log = spawn_replay(self_->system(), std::move(plan));
    self_->monitor(log);
    runs_.add_replay(run, log);
    self_->send(parent_, run_over{record_.id(), run, log, bytes});
    return log;
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

  // -- votes ------------------------------------------------------------------------------------------------------------

  caf::result<vote_view> vote(const cast_vote& wanted) {
    if (removed_)
      return to_error({ec::not_found, "There is no such turn.", "turn_id"});
    if (recovery_.under_way())
      return to_error(being_reloaded());
    if (runs_.current())
      return to_error({ec::turn_in_progress, "The session is still answering; a vote can be cast after it.", "turn_id"});
    auto plan = plan_vote(wanted, record_.messages(), record_.about(), node_->wall());
    if (!plan)
      return to_error(plan.error());
    plan->held = record_.held();
    // Once one vote shows the names the next isn't blind any more.
    plan->given.counted = plan->given.counted && votes_under_way_ == 0;
    ++votes_under_way_;
    auto promise = self_->make_response_promise<vote_view>();
    ask_store(
      *plan,
      [this, promise, question = wanted.id, cast = *plan](const store_written&) mutable {
        --votes_under_way_;
        record_.take_vote(question, cast.given);
        if (auto* voted = record_.messages().find(question))
          listeners_.turn_voted(*voted, view());
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

  // -- who watches ------------------------------------------------------------------------------------------------------

  caf::result<session_view> watch(const session_listener& who) {
    if (removed_)
      return to_error({ec::not_found, "There is no such session.", {}});
    self_->monitor(who);
    listeners_.add(who);
    return view();
  }

  caf::result<session_state_view> state(const std::optional<wire::cursor>& from) {
    if (removed_)
      return to_error({ec::not_found, "There is no such session.", {}});
    if (from)
      if (auto log = runs_.rest_after(*from))
        return session_state_view{view(), true, {}, from, std::move(*log)};
    session_state_view result{view(), false, newest_of(record_.messages()), runs_.newest_end(), {}};
    auto* now = runs_.shown();
    if (!now)
      return result;
    result.log = now->log;
    return as_of_now(std::move(result), [run = now->ids.run](session_state_view& shown, const run_snapshot& so_far) {
      fill_in(shown.messages, so_far);
      shown.at = wire::cursor{run, so_far.newest};
    });
  }

  void on_unspooled(message& stored) { listeners_.answer_is_stored(record_.put(std::move(stored))); }

  static failure no_such_message() { return {ec::not_found, "There is no such message.", {}}; }

  template <class Request, class Then, class Otherwise>
  void ask_store(Request request, Then then, Otherwise otherwise) {
    ++store_requests_;
    self_->request(store_, defaults::store_timeout, std::move(request))
      .then(
        [this, then = std::move(then)](const store_written& written) mutable {
          --store_requests_;
          then(written);
        },
        [this, otherwise = std::move(otherwise)](const caf::error& why) mutable {
          --store_requests_;
          otherwise(why);
        });
  }

  self_pointer self_;
  node_context_ptr node_;
  sessions_actor parent_;
  persistence_actor store_;
  session_record record_;
  session_runs runs_;
  /// Feeds of the loops where somebody watches.
  session_listeners listeners_;
  std::uint64_t requests_seen_ = 0;
  /// Under way; the actor must not end meanwhile.
  int store_requests_ = 0;
  /// Votes that the store hasn't taken yet.
  int votes_under_way_ = 0;
  /// Deleted, or about to be; who waits for it.
  bool removed_ = false;
  std::vector<caf::typed_response_promise<store_written>> removals_;
  session_recovery recovery_;
};

} // namespace

session_actor spawn_session(caf::actor_system& sys, node_context_ptr node, sessions_actor parent, persistence_actor store,
                            opened_session opened) {
  auto init = [](self_pointer self, node_context_ptr n, sessions_actor p, persistence_actor s, opened_session o) {
    return self->state.start(std::move(n), std::move(p), std::move(s), std::move(o));
  };
  return sys.spawn(init, std::move(node), std::move(parent), std::move(store), std::move(opened));
}

} // namespace parley
