#include "actors/session.hpp"

#include "actors/compare.hpp"
#include "actors/session_watchers.hpp"
#include "actors/turn_request.hpp"
#include "actors/turn_vote.hpp"
#include "core/text.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace parley {

/// From a session to itself: the store didn't give its word, and may do so now.
struct reload_session {};

/// A session as it sees itself.
using reloadable_session = session_actor::extend<caf::reacts_to<reload_session>>;

} // namespace parley

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::reload_session)

namespace parley {

namespace {

/// What a subscriber that begins to watch is shown of a session.
constexpr std::ptrdiff_t max_state_messages = 50;

/// Between two tries to get the store's word for what a session is.
constexpr std::chrono::seconds reload_pause{1};

/// The run under way. Until its messages are committed nobody gets to see it: who asks waits in `waiting`.
struct current_run {
  running_turn ids;
  message question;
  std::vector<seat_message> answers;
  run_actor log;
  bool committed = false;
  /// The session's title before this run's question gave it one.
  std::string title_before;
  std::vector<caf::typed_response_promise<run_opened>> waiting;
};

/// The log of a run that is over. The offsets of one that is told again from the store are not those of the run itself: it is
/// read from its beginning, a `restart`.
struct finished_run {
  run_actor log;
  bool told_again = false;
};

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
    about_ = std::move(opened.about);
    held_ = opened.held;
    messages_ = conversation{std::move(opened.messages)};
    self_->set_down_handler([this](const caf::down_msg& down) {
      if (down.source == parent_.address())
        return self_->quit(caf::exit_reason::user_shutdown);
      watchers_.remove(down.source);
      std::erase_if(logs_, [&](auto& entry) { return entry.second.log.address() == down.source; });
      if (running_ && running_->log.address() == down.source)
        take_over_again();
    });
    self_->monitor(parent_);
    return {[this](const show_session&) { return counted(), view(); },
            [this](const change_session& m) { return counted(), change(m.wanted); },
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
            [this](const relay_typing& m) { counted(), watchers_.somebody_types(m); },
            [this](answer_unspooled& m) { counted(), on_unspooled(m.answer); },
            [this](answer_completed& m) { on_completed(m); },
            [this](reload_session) {
              if (reloading_)
                reload(ended_by_reload_);
            },
            [this](const ask_idle&) {
              if (!running_ && store_requests_ == 0 && watchers_.empty())
                self_->send(parent_, session_idle{about_.id, requests_seen_});
            },
            [this](const interrupt_run&) {
              if (running_)
                self_->request(running_->log, defaults::actor_timeout, stop_answers{{}, finish_reason::interrupted})
                  .then([](const stopped_answers&) {}, [](const caf::error&) {});
            },
            [this](const forget_run& m) {
              if (auto at = logs_.find(m.run); at != logs_.end()) {
                self_->send(at->second.log, forget_log{});
                logs_.erase(at);
              }
            }};
  }

private:
  using opening = caf::result<run_opened>;

  /// Requests are counted as `sessions` counts them, so that both know when all that was passed on has arrived.
  void counted() { ++requests_seen_; }

  // -- the session itself -----------------------------------------------------------------------------------------------

  session_view view() const {
    session_view result{about_, std::nullopt};
    if (running_ && running_->committed)
      result.running = running_->ids;
    return result;
  }

  caf::result<session_view> change(const session_changes& wanted) {
    auto before = about_;
    if (wanted.title) {
      about_.title = *wanted.title;
      about_.title_is_set = true;
    }
    if (wanted.system_prompt)
      about_.system_prompt = *wanted.system_prompt;
    if (wanted.parameters)
      about_.parameters = *wanted.parameters;
    about_.updated_at = node_->wall();
    auto promise = self_->make_response_promise<session_view>();
    ask_store(
      update_session{about_, held_},
      [this, promise](const store_written&) mutable {
        watchers_.session_changed("updated", view());
        promise.deliver(view());
      },
      [this, promise, before](const caf::error& why) mutable {
        before.blind = about_.blind; // that is a vote's, which may have come meanwhile
        about_ = before;
        promise.deliver(why);
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
        delete_session{about_.id},
        [this](const store_written&) {
          watchers_.session_changed("deleted", view());
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
    if (!running_) {
      erase();
    } else {
      self_->request(running_->log, defaults::actor_timeout, stop_answers{})
        .then([erase](const stopped_answers&) { erase(); }, [erase](const caf::error&) { erase(); });
    }
    return promise;
  }

  // -- reading ----------------------------------------------------------------------------------------------------------

  caf::result<message_page> transcript(const list_messages& wanted) {
    message_page page;
    auto& all = messages_.all();
    auto at = all.begin();
    if (wanted.after) {
      at = std::find_if(all.begin(), all.end(), [&](const message& m) { return m.id == *wanted.after; });
      if (at == all.end())
        return to_error({ec::invalid_request, "This session has no such message.", "after"});
      ++at;
    }
    auto left = std::min<std::ptrdiff_t>(all.end() - at, wanted.limit);
    page.data.assign(at, at + left);
    page.more = at + left != all.end();
    auto promise = self_->make_response_promise<message_page>();
    with_running_text(std::move(page), promise, [](message_page& p) -> std::vector<message>& { return p.data; });
    return promise;
  }

  caf::result<message> show(message_id id) {
    auto* found = messages_.find(id);
    if (!found)
      return to_error(no_such_message());
    auto promise = self_->make_response_promise<message>();
    if (is_final(found->status) || !running_) {
      promise.deliver(*found);
      return promise;
    }
    self_->request(running_->log, defaults::actor_timeout, snapshot_run{})
      .then(
        [promise, id, stored = *found](const run_snapshot& now) mutable {
          for (auto& answer : now.answers)
            if (answer.id == id)
              stored = answer;
          promise.deliver(std::move(stored));
        },
        [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  /// Running answers become what they are now.
  static void fill_in(std::vector<message>& messages, const run_snapshot& now) {
    for (auto& m : messages)
      for (auto& answer : now.answers)
        if (answer.id == m.id)
          m = answer;
  }

  /// Delivers `page` once its running answers have the text that the run has so far.
  template <class Page, class Messages>
  void with_running_text(Page page, caf::typed_response_promise<Page> promise, Messages messages_of) {
    auto& data = messages_of(page);
    bool runs = running_ && std::any_of(data.begin(), data.end(), [](const message& m) { return !is_final(m.status); });
    if (!runs) {
      promise.deliver(std::move(page));
      return;
    }
    self_->request(running_->log, defaults::actor_timeout, snapshot_run{})
      .then(
        [page = std::move(page), promise, messages_of](const run_snapshot& now) mutable {
          fill_in(messages_of(page), now);
          promise.deliver(std::move(page));
        },
        [promise](const caf::error& why) mutable { promise.deliver(why); });
  }

  // -- turns ------------------------------------------------------------------------------------------------------------

  opening ask(const start_turn& wanted) {
    if (removed_)
      return to_error({ec::not_found, "There is no such session.", "session_id"});
    if (reloading_)
      return once_reloaded(wanted);
    if (wanted.only_direct && about_.models.size() > 1)
      return to_error({ec::invalid_request, "Only one answer can be shown here; the session compares several.", "session_id"});
    if (auto* asked = question_of(wanted); asked && running_ && !running_->committed && asked->id == running_->question.id)
      return wait_for_commit(*asked);
    auto plan = plan_turn(wanted, messages_, about_, node_->wall());
    if (!plan)
      return to_error(plan.error());
    if (plan->known) {
      auto answers = messages_.answers_of(plan->question.id);
      if (!answers.empty())
        return open(answers.front()->run, 0, wanted.home);
    }
    if (auto busy = refusal())
      return to_error(*busy);
    std::vector<message> answers;
    for (std::size_t seat = 0; seat < about_.models.size(); ++seat)
      answers.push_back(pending_answer(plan->question, static_cast<participant>(seat), plan->answer_ids[seat], 1));
    auto added = std::move(plan->imports);
    if (!plan->known)
      added.push_back(plan->question);
    auto title_before = about_.title;
    if (about_.title.empty() && !about_.title_is_set)
      for (auto& m : added)
        if (m.role == message_role::user && about_.title.empty())
          about_.title = title_of(m.content);
    auto opened = begin_run(plan->question, std::move(added), std::move(answers), wanted.home, wanted.cancel_on_disconnect);
    running_->title_before = std::move(title_before);
    return opened;
  }

  opening regenerate(const regenerate_answer& wanted) {
    auto* answer = messages_.find(wanted.id);
    if (!answer || removed_)
      return to_error(no_such_message());
    auto* question = messages_.user_message_of(wanted.id);
    if (answer->role != message_role::assistant || !answer->run || !question)
      return to_error({ec::invalid_request, "Only an answer of a model can be made anew.", "id"});
    if (reloading_)
      return once_reloaded(wanted);
    if (auto busy = refusal())
      return to_error(*busy);
    if (!messages_.is_last_turn(question->id))
      return to_error({ec::not_last_turn, "Only the newest turn of a branch can be answered anew.", "id"});
    auto seat = answer->seat.value_or(0);
    return begin_run(*question, {},
                     {pending_answer(*question, seat, new_id<message_id>(), messages_.next_attempt(question->id, seat))},
                     wanted.home, wanted.cancel_on_disconnect);
  }

  /// Why no run can begin now.
  std::optional<failure> refusal() const {
    if (running_)
      return failure{ec::turn_in_progress,
                     "The session is answering turn " + to_string(running_->ids.turn) + "; read along from cursor "
                       + wire::to_cursor(running_->ids.run, 0) + ", or stop it.",
                     {}};
    if (messages_.bytes() > node_->bounds.max_session_bytes)
      return failure{ec::too_large, "This session is full; please begin a new one.", "session_id"};
    for (auto& label : about_.models) {
      auto found = node_->models.find(label.id);
      auto which = about_.blind ? "One of the models" : "The model " + label.id;
      if (!found || !found->available)
        return failure{ec::invalid_request, which + " is not available on this server.", "session_id"};
    }
    return std::nullopt;
  }

  message pending_answer(const message& question, participant seat, message_id id, int attempt) const {
    message made;
    made.id = id;
    made.session = about_.id;
    made.turn = question.turn;
    made.parent = question.id;
    made.role = message_role::assistant;
    made.seat = seat;
    made.attempt = attempt;
    made.status = message_status::pending;
    made.model = about_.models[seat];
    made.blind = about_.blind;
    made.created_at = node_->wall();
    return made;
  }

  /// The store is asked before the coordinator is there, and takes requests in their order: nothing of the run can be stored
  /// before the messages it answers. Upstreams are asked meanwhile.
  opening begin_run(const message& question, std::vector<message> added, std::vector<message> answers, home_loop* home,
                    bool cancel_on_disconnect) {
    auto run = new_id<run_id>();
    about_.updated_at = node_->wall();
    run_plan plan{node_, home, self_, store_, about_.id, held_, question.turn, run, question.id, {}, cancel_on_disconnect};
    auto with_imports = added.size() > 1 ? messages_ : conversation{};
    for (std::size_t i = 0; i + 1 < added.size(); ++i)
      with_imports.append(added[i]);
    auto& branch = added.size() > 1 ? with_imports : messages_;
    current_run current;
    current.ids = {question.turn, run};
    current.question = question;
    for (auto& answer : answers) {
      answer.run = run;
      current.answers.push_back({*answer.seat, answer.id});
      plan.seats.push_back({*answer.seat, answer, node_->models.with_fallbacks(about_.models[*answer.seat].id),
                            branch.prompt_for(*answer.seat, question, about_, node_->bounds.history_bytes)});
      added.push_back(answer);
    }
    auto promise = self_->make_response_promise<run_opened>();
    current.waiting.push_back(promise);
    ask_store(
      append_messages{about_.id, held_, added, about_}, [this, run, added](const store_written&) { committed(run, added); },
      [this, run](const caf::error& why) { not_committed(run, why); });
    std::vector<message_id> ids{question.id};
    for (auto& m : added)
      ids.push_back(m.id);
    // Before the commit already: a node that drains waits for it.
    self_->send(parent_, run_began{about_.id, current.ids, std::move(ids)});
    current.log = spawn_compare(self_->system(), std::move(plan));
    self_->monitor(current.log);
    running_ = std::move(current);
    return promise;
  }

  void committed(run_id run, const std::vector<message>& added) {
    if (!running_ || running_->ids.run != run) // its coordinator died meanwhile: the session is being reloaded
      return;
    for (auto& m : added)
      messages_.append(m);
    running_->committed = true;
    watchers_.run_began(run, running_->log, added);
    for (auto& promise : std::exchange(running_->waiting, {}))
      promise.deliver(
        run_opened{running_->log, about_.id, running_->ids.turn, running_->ids.run, running_->question.id, running_->answers, 0});
  }

  void not_committed(run_id run, const caf::error& why) {
    if (!running_ || running_->ids.run != run)
      return;
    auto failed = std::move(*running_);
    running_.reset();
    if (!about_.title_is_set)
      about_.title = failed.title_before;
    self_->send_exit(failed.log, caf::exit_reason::user_shutdown);
    self_->send(parent_, run_over{about_.id, run, 0});
    for (auto& promise : failed.waiting)
      promise.deliver(why);
    auto code = to_failure(why).code;
    if (code == ec::store_unavailable || code == ec::unavailable) // it may have taken them all the same
      reload();
  }

  static const incoming_message* question_of(const start_turn& wanted) {
    auto at = std::find_if(wanted.messages.rbegin(), wanted.messages.rend(),
                           [](const incoming_message& m) { return m.role == message_role::user; });
    return at == wanted.messages.rend() ? nullptr : &*at;
  }

  /// The question of a run that isn't committed yet isn't in the conversation either.
  opening wait_for_commit(const incoming_message& asked) {
    if (asked.content != running_->question.content)
      return to_error({ec::id_conflict, "A message with this id and other content is there already.", "messages"});
    running_->waiting.push_back(self_->make_response_promise<run_opened>());
    return running_->waiting.back();
  }

  void on_completed(answer_completed& m) {
    m.answer.blind = about_.blind; // there may have been a vote since its run began
    messages_.update(std::move(m.answer));
    if (!m.run_is_over || !running_ || running_->ids.run != m.run)
      return;
    latest_ = wire::cursor{m.run, m.newest};
    logs_[m.run] = {running_->log, false};
    running_.reset();
    self_->send(parent_, run_over{about_.id, m.run, m.log_bytes});
  }

  /// The coordinator died with answers under way. The store knows what of them is checkpointed, and makes them
  /// `interrupted`, as after a crash of the node.
  void take_over_again() {
    auto dead = std::move(*running_);
    running_.reset();
    for (auto& promise : dead.waiting)
      promise.deliver(to_error({ec::internal, "The run stopped unexpectedly.", {}}));
    reload(dead.ids.run);
  }

  /// Takes the store's word for what the session is. `over`, if given, is a run that this ends.
  void reload(std::optional<run_id> over = std::nullopt) {
    if (store_asked_again_ || removed_)
      return;
    reloading_ = store_asked_again_ = true;
    ++store_requests_;
    self_->request(store_, defaults::store_timeout, open_session{about_.id})
      .then(
        [this, over](opened_session& opened) {
          --store_requests_;
          reloading_ = store_asked_again_ = false;
          bool was_blind = about_.blind;
          about_ = std::move(opened.about);
          held_ = opened.held;
          messages_ = conversation{std::move(opened.messages)};
          if (over)
            self_->send(parent_, run_over{about_.id, *over, 0});
          if (was_blind && !about_.blind)
            watchers_.session_changed("updated", view());
          reloaded(nullptr);
        },
        [this, over](const caf::error& why) {
          --store_requests_;
          store_asked_again_ = false;
          reloaded(&why);
          auto code = to_failure(why).code;
          if (code != ec::store_unavailable && code != ec::unavailable)
            return self_->quit(caf::exit_reason::user_shutdown); // the next request loads it anew
          // What it has in memory can be read also while the store is away.
          ended_by_reload_ = over;
          self_->delayed_send(self_, reload_pause, reload_session{});
        });
  }

  void reloaded(const caf::error* failed) {
    for (auto& go_on : std::exchange(after_reload_, {}))
      go_on(failed);
  }

  /// A request that the store's word has to come before.
  template <class Request>
  opening once_reloaded(const Request& wanted) {
    if (store_asked_again_)
      return to_error(being_reloaded());
    auto promise = self_->make_response_promise<run_opened>();
    after_reload_.push_back([this, promise, wanted](const caf::error* failed) mutable {
      if (failed) {
        promise.deliver(*failed);
      } else {
        --requests_seen_; // it comes again
        promise.delegate(session_actor{self_}, wanted);
      }
    });
    reload(ended_by_reload_);
    return promise;
  }

  static failure being_reloaded() { return {ec::unavailable, "The session is being recovered; please try again.", {}}; }

  // -- attaching and stopping -------------------------------------------------------------------------------------------

  opening attach(const attach_to_run& wanted) {
    auto* found = messages_.find(wanted.id);
    if (!found || removed_)
      return to_error(no_such_message());
    auto run = found->run;
    if (found->role == message_role::user)
      if (auto answers = messages_.answers_of(found->id); !answers.empty())
        run = answers.back()->run;
    if (reloading_ && !(run && logs_.contains(*run))) // a log that is there tells what was told before
      return once_reloaded(wanted);
    bool other_run = wanted.from.run && run && wanted.from.run != *run;
    return open(run, other_run ? 0 : wanted.from.offset, wanted.home);
  }

  /// The log of that run, or a replay of what is stored of it.
  opening open(const std::optional<run_id>& run, std::uint64_t from, home_loop* home) {
    if (!run)
      return to_error({ec::not_found, "No model ever answered this message.", {}});
    if (running_ && running_->ids.run == *run)
      return self_->delegate(running_->log, open_log{from});
    if (auto at = logs_.find(*run); at != logs_.end())
      return self_->delegate(at->second.log, open_log{at->second.told_again ? 0 : from});
    return self_->delegate(replay(*run, home), open_log{0});
  }

  run_actor replay(run_id run, home_loop* home) {
    run_plan plan{node_, home, self_, store_, about_.id, held_, {}, run, {}, {}, false};
    std::size_t bytes = 0;
    for (auto& m : messages_.all()) {
      if (m.run != run)
        continue;
      plan.turn = m.turn;
      plan.user = m.parent.value_or(message_id{});
      plan.seats.push_back({m.seat.value_or(0), m, {}, {}});
      bytes += m.content.size() + m.reasoning.size();
    }
    auto log = spawn_replay(self_->system(), std::move(plan));
    self_->monitor(log);
    logs_[run] = {log, true};
    self_->send(parent_, run_over{about_.id, run, bytes});
    return log;
  }

  caf::result<stopped_answers> stop(message_id id) {
    auto* found = messages_.find(id);
    if (!found)
      return to_error(no_such_message());
    bool whole_turn = found->role == message_role::user;
    bool runs = running_ && (whole_turn ? running_->ids.turn == found->turn : running_->ids.run == found->run);
    if (runs)
      return self_->delegate(
        running_->log, stop_answers{whole_turn ? std::vector<participant>{} : std::vector<participant>{found->seat.value_or(0)},
                                    finish_reason::cancelled});
    stopped_answers result;
    auto add = [&](const message& m) { result.states.push_back({m.id, m.seat.value_or(0), m.status, m.finish}); };
    if (!whole_turn)
      add(*found);
    else
      for (auto* answer : messages_.answers_of(id))
        add(*answer);
    return result;
  }

  // -- votes ------------------------------------------------------------------------------------------------------------

  caf::result<vote_view> vote(const cast_vote& wanted) {
    if (removed_)
      return to_error({ec::not_found, "There is no such turn.", "turn_id"});
    if (reloading_)
      return to_error(being_reloaded());
    if (running_)
      return to_error({ec::turn_in_progress, "The session is still answering; a vote can be cast after it.", "turn_id"});
    auto plan = plan_vote(wanted, messages_, about_, node_->wall());
    if (!plan)
      return to_error(plan.error());
    plan->held = held_;
    // Once one vote shows the names the next isn't blind any more.
    plan->given.counted = plan->given.counted && votes_under_way_ == 0;
    ++votes_under_way_;
    auto promise = self_->make_response_promise<vote_view>();
    ask_store(
      *plan,
      [this, promise, question = wanted.id, cast = *plan](const store_written&) mutable {
        --votes_under_way_;
        messages_.take_vote(question, cast.given);
        about_.blind = false;
        about_.updated_at = std::max(about_.updated_at, cast.given.created_at);
        if (auto* voted = messages_.find(question))
          watchers_.turn_voted(*voted, view());
        promise.deliver(vote_view{cast.id, cast.turn, cast.given, view()});
      },
      [this, promise](const caf::error& why) mutable {
        --votes_under_way_;
        promise.deliver(why);
        auto code = to_failure(why).code;
        // The store has a vote that isn't known here, or may have.
        if (code == ec::already_voted || code == ec::store_unavailable || code == ec::unavailable)
          reload();
      });
    return promise;
  }

  // -- who watches ------------------------------------------------------------------------------------------------------

  caf::result<session_view> watch(const feed_actor& who) {
    if (removed_)
      return to_error({ec::not_found, "There is no such session.", {}});
    self_->monitor(who);
    watchers_.add(who);
    return view();
  }

  caf::result<session_state_view> state(const std::optional<wire::cursor>& from) {
    if (removed_)
      return to_error({ec::not_found, "There is no such session.", {}});
    if (from)
      if (auto rest = resume(*from))
        return std::move(*rest);
    session_state_view result{view(), false, {}, latest_, {}};
    auto& all = messages_.all();
    auto shown = std::min<std::ptrdiff_t>(all.end() - all.begin(), max_state_messages);
    result.messages.assign(all.end() - shown, all.end());
    auto promise = self_->make_response_promise<session_state_view>();
    if (!running_ || !running_->committed) {
      promise.deliver(std::move(result));
      return promise;
    }
    result.log = running_->log;
    self_->request(running_->log, defaults::actor_timeout, snapshot_run{})
      .then(
        [promise, run = running_->ids.run, result = std::move(result)](const run_snapshot& now) mutable {
          fill_in(result.messages, now);
          result.at = wire::cursor{run, now.newest};
          promise.deliver(std::move(result));
        },
        [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  /// Nothing if what follows `from` isn't all in the log of the current or the latest run.
  std::optional<session_state_view> resume(const wire::cursor& from) const {
    session_state_view result{view(), true, {}, from, {}};
    if (running_ && running_->committed) {
      if (from.run != running_->ids.run)
        return std::nullopt;
      result.log = running_->log; // an offset that isn't there yet is read from the log's end
      return result;
    }
    if (!latest_ || from.run != latest_->run || from.offset > latest_->offset)
      return std::nullopt;
    if (from.offset == latest_->offset)
      return result;
    auto kept = logs_.find(from.run);
    if (kept == logs_.end() || kept->second.told_again)
      return std::nullopt;
    result.log = kept->second.log;
    return result;
  }

  void on_unspooled(message& stored) {
    stored.blind = about_.blind; // a spool doesn't know
    if (messages_.find(stored.id))
      messages_.update(stored);
    else
      messages_.append(stored);
    watchers_.answer_is_stored(stored);
  }

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
  session about_;
  epoch held_ = 0;
  conversation messages_;
  std::optional<current_run> running_;
  /// Logs of runs that are over, until `forget_run`.
  std::unordered_map<run_id, finished_run> logs_;
  /// The newest run that is over, at its end.
  std::optional<wire::cursor> latest_;
  /// Feeds of the loops where somebody watches.
  session_watchers watchers_;
  std::uint64_t requests_seen_ = 0;
  /// Under way; the actor must not end meanwhile.
  int store_requests_ = 0;
  /// Votes that the store hasn't taken yet.
  int votes_under_way_ = 0;
  /// Deleted, or about to be; who waits for it.
  bool removed_ = false;
  std::vector<caf::typed_response_promise<store_written>> removals_;
  /// What is in memory may not be what is stored: no run is begun or shown until it is.
  bool reloading_ = false;
  /// The store is being asked for it; else there is a pause.
  bool store_asked_again_ = false;
  /// A run that is over once it is there.
  std::optional<run_id> ended_by_reload_;
  /// Who waits for it.
  std::vector<std::function<void(const caf::error*)>> after_reload_;
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
