// The node's sessions: which are in memory, bringing them there, and letting go of what is no longer used.

#include "actors/sessions/kept_logs.hpp"
#include "actors/sessions/session.hpp"
#include "actors/sessions/session_request.hpp"
#include "core/check.hpp"

#include <algorithm>
#include <unordered_map>

namespace parley {

namespace {

/// Idle sessions and outlived logs are looked for that often, or as often as the shortest of their times asks.
constexpr std::chrono::milliseconds longest_sweep_interval{15'000};

struct active_session {
  session_actor actor;
  /// The newest request that was passed on to it. A session that is idle after it took an older one may have this one on its way.
  std::uint64_t newest_request = 0;
  steady::time_point last_used;
  std::optional<running_turn> running;
  /// The messages of the running run, also in `live_messages_`.
  std::vector<message_id> live;
};

using with_session = std::function<void(const expected<session_actor>&)>;

class sessions_state;

using self_pointer = homed_pointer<sessions_state, sessions_actor>;

class sessions_state {
public:
  static constexpr const char* name = "sessions";

  explicit sessions_state(self_pointer self) : self_(self) {}

  sessions_actor::behavior_type start(node_context_ptr node, persistence_actor store, vote_listener votes) {
    node_ = std::move(node);
    store_ = std::move(store);
    votes_ = std::move(votes);
    self_->set_down_handler([this](const caf::down_msg& down) { on_down(down.source); });
    sweep_later();
    return {[this](const show_session& m) { return show(m); },
            [this](const change_session& m) { return pass_on<session_view>(m.id, m); },
            [this](const remove_session& m) { return remove(m); },
            [this](const show_transcript& m) { return transcript(m); },
            [this](const show_message& m) { return show(m); },
            [this](const start_turn& m, run_home home) -> caf::result<run_opened> {
              if (draining_)
                return to_error(is_draining());
              return pass_on<run_opened>(m.session_key, m, home);
            },
            [this](const regenerate_answer& m, run_home home) -> caf::result<run_opened> {
              if (draining_)
                return to_error(is_draining());
              return by_message<run_opened>(m, home);
            },
            [this](const attach_to_run& m, run_home home) { return by_message<run_opened>(m, home); },
            [this](const stop_message& m) { return by_message<stopped_answers>(m); },
            [this](const cast_vote& m) { return by_message<vote_view>(m); },
            [this](const show_state& m) { return pass_on<session_state_view>(m.id, m); },
            [this](const watch_session& m, const session_listener& who) { return pass_on<session_view>(m.id, m, who); },
            [this](const relay_typing& m) {
              if (auto* there = find(m.id))
                tell(*there, m);
            },
            [this](const answer_unspooled& m) {
              if (auto* there = find(m.answer.session))
                tell(*there, m);
            },
            [this](const make_session& m) { return make(m); },
            [this](const browse_sessions& m) { return browse(m); },
            [this](run_began& m) { on_run_began(m); },
            [this](const run_over& m) { on_run_over(m); },
            [this](const session_idle& m) { on_idle(m); },
            [this](const drain_node& m) { return drain(m); },
            [this](const sweep&) { on_sweep(); }};
  }

private:
  steady::time_point now() { return self_->clock().now(); }

  static failure no_such_session() { return {ec::not_found, "There is no such session.", {}}; }

  static failure is_draining() { return {ec::unavailable, "This server is shutting down; please try again.", {}}; }

  // -- routing ----------------------------------------------------------------------------------------------------------

  active_session* find(session_id id) {
    auto at = active_.find(id);
    return at == active_.end() ? nullptr : &at->second;
  }

  /// The answer comes from the session itself, which is loaded first if need be. `request` is the request and what is beside it.
  template <class Reply, class... Request>
  caf::result<Reply> pass_on(session_id id, const Request&... request) {
    if (auto* there = find(id)) {
      used(*there);
      return self_->delegate(there->actor, request...);
    }
    auto promise = self_->make_response_promise<Reply>();
    answer_by(promise, id, request...);
    return promise;
  }

  template <class Reply, class... Request>
  void answer_by(caf::typed_response_promise<Reply> promise, session_id id, const Request&... request) {
    activate(id, [this, id, promise, request...](const expected<session_actor>& loaded) mutable {
      if (!loaded) {
        promise.deliver(to_error(loaded.error()));
        return;
      }
      if (auto* there = find(id))
        used(*there);
      promise.delegate(*loaded, request...);
    });
  }

  template <class Message>
  void tell(active_session& there, const Message& m) {
    used(there);
    self_->send(there.actor, m);
  }

  void used(active_session& there) {
    there.newest_request = ++requests_;
    there.last_used = now();
  }

  /// For requests that name a message: the session is asked of the running runs, else of the store.
  template <class Reply, class Request, class... Beside>
  caf::result<Reply> by_message(const Request& m, const Beside&... beside) {
    if (auto live = live_messages_.find(m.id); live != live_messages_.end())
      return pass_on<Reply>(live->second, m, beside...);
    auto promise = self_->make_response_promise<Reply>();
    self_->request(store_, defaults::store_timeout, find_message{m.id})
      .then([this, promise, m, beside...](const message& found) { answer_by(promise, found.session, m, beside...); },
            [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  /// Calls `then` with the session's actor, at once if it is in memory.
  void activate(session_id id, with_session then) {
    if (auto* there = find(id)) {
      then(there->actor);
      return;
    }
    auto& waiting = loading_[id];
    waiting.push_back(std::move(then));
    if (waiting.size() > 1)
      return;
    self_->request(store_, defaults::store_timeout, open_session{id})
      .then(
        [this, id](opened_session& opened) {
          auto loaded = add(std::move(opened));
          for (auto& call : take_waiting(id))
            call(loaded);
        },
        [this, id](const caf::error& error) {
          auto why = to_failure(error);
          for (auto& call : take_waiting(id))
            call(tl::unexpected{why});
        });
  }

  std::vector<with_session> take_waiting(session_id id) {
    auto loaded = loading_.extract(id);
    check(!loaded.empty(), "a session that was loaded was waited for");
    return std::move(loaded.mapped());
  }

  session_actor add(opened_session opened) {
    auto id = opened.about.id;
    check(!find(id), "a session is in memory once");
    auto made = spawn_session(self_->system(), {node_, self_, store_, votes_}, std::move(opened));
    self_->monitor(made);
    by_address_[made.address()] = id;
    active_[id] = {made, 0, now(), std::nullopt, {}};
    return made;
  }

  void on_down(const caf::actor_addr& gone) {
    auto at = by_address_.find(gone);
    if (at == by_address_.end())
      return;
    auto id = at->second;
    by_address_.erase(at);
    if (auto* there = find(id); there && there->actor.address() == gone) {
      forget_live(*there);
      active_.erase(id);
      check_drained();
    }
  }

  // -- sessions ---------------------------------------------------------------------------------------------------------

  caf::result<session_view> make(const make_session& m) {
    if (draining_)
      return to_error(is_draining());
    auto made = plan_session(m, node_->models, random_, node_->wall());
    if (!made)
      return to_error(made.error());
    auto promise = self_->make_response_promise<session_view>();
    self_->request(store_, defaults::store_timeout, create_session{*made})
      .then(
        [this, made = *made, promise](const store_written&) mutable {
          add({made, 1, {}});
          promise.deliver(session_view{made, std::nullopt});
        },
        [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  caf::result<session_view_page> browse(const browse_sessions& m) {
    auto promise = self_->make_response_promise<session_view_page>();
    self_->request(store_, defaults::store_timeout, m.page)
      .then(
        [this, promise](session_page& stored) mutable {
          session_view_page page;
          page.more = stored.more;
          for (auto& about : stored.data) {
            auto* there = find(about.id);
            page.data.push_back({std::move(about), there ? there->running : std::nullopt});
          }
          promise.deliver(std::move(page));
        },
        [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  /// Looking at a session that nobody uses doesn't bring it into memory.
  caf::result<session_view> show(const show_session& m) {
    if (find(m.id) || loading_.contains(m.id))
      return pass_on<session_view>(m.id, m);
    auto promise = self_->make_response_promise<session_view>();
    self_->request(store_, defaults::store_timeout, find_session{m.id})
      .then(
        [promise](session& stored) mutable {
          promise.deliver(session_view{std::move(stored), std::nullopt});
        },
        [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  caf::result<message_page> transcript(const show_transcript& m) {
    if (find(m.page.session_key) || loading_.contains(m.page.session_key))
      return pass_on<message_page>(m.page.session_key, m);
    return self_->delegate(store_, m.page);
  }

  caf::result<message> show(const show_message& m) {
    if (auto live = live_messages_.find(m.id); live != live_messages_.end())
      return pass_on<message>(live->second, m);
    return self_->delegate(store_, find_message{m.id});
  }

  caf::result<store_written> remove(const remove_session& m) {
    auto promise = self_->make_response_promise<store_written>();
    self_->request(store_, defaults::store_timeout, find_session{m.id})
      .then([this, m, promise](const session&) { answer_by(promise, m.id, m); },
            [promise](const caf::error& why) mutable { promise.deliver(why); });
    return promise;
  }

  // -- runs -------------------------------------------------------------------------------------------------------------

  void on_run_began(run_began& m) {
    auto* there = find(m.session_key);
    if (!there)
      return;
    there->running = m.running;
    for (auto& id : m.messages)
      live_messages_[id] = m.session_key;
    there->live = std::move(m.messages);
    ++running_;
    if (draining_ && interrupting_)
      self_->send(there->actor, interrupt_run{});
  }

  void on_run_over(const run_over& m) {
    if (auto* there = find(m.session_key)) {
      there->last_used = now();
      if (there->running && there->running->run == m.run)
        forget_live(*there);
    }
    if (m.log)
      logs_.add({m.log, m.log_bytes, now() + node_->bounds.replay_window});
    while (auto log = logs_.take_excess(node_->bounds.replay_bytes))
      forget(*log);
    check_drained();
  }

  void forget_live(active_session& there) {
    for (auto& id : there.live)
      live_messages_.erase(id);
    there.live.clear();
    if (there.running)
      --running_;
    there.running.reset();
  }

  void forget(const kept_log& log) {
    self_->send(log.log, forget_log{});
    let_go_ = true;
  }

  // -- time and the end -------------------------------------------------------------------------------------------------

  void sweep_later() {
    auto interval = std::min({longest_sweep_interval, node_->bounds.session_idle / 4, node_->bounds.replay_window / 4});
    self_->delayed_send(self_, std::max(interval, std::chrono::milliseconds{50}), sweep{});
  }

  void on_sweep() {
    auto time = now();
    // Forgotten since the sweep before: by now the logs are gone.
    if (running_ == 0 && std::exchange(let_go_, false) && node_->at_rest)
      node_->at_rest();
    while (auto log = logs_.take_outlived(time))
      forget(*log);
    for (auto& [id, there] : active_)
      if (!there.running && time - there.last_used >= node_->bounds.session_idle)
        self_->send(there.actor, ask_idle{there.newest_request});
    sweep_later();
  }

  /// Messages to a session arrive in the order in which they are sent: where none was passed on since it was asked, none is on
  /// its way, and from here on none will be.
  void on_idle(const session_idle& m) {
    auto* there = find(m.session_key);
    if (!there || there->running || there->newest_request != m.token)
      return;
    self_->send_exit(there->actor, caf::exit_reason::user_shutdown);
    by_address_.erase(there->actor.address());
    active_.erase(m.session_key);
    let_go_ = true;
  }

  caf::result<store_written> drain(const drain_node& m) {
    draining_ = true;
    interrupting_ = interrupting_ || m.interrupt;
    if (m.interrupt)
      for (auto& [id, there] : active_)
        if (there.running)
          self_->send(there.actor, interrupt_run{});
    auto promise = self_->make_response_promise<store_written>();
    drained_.push_back(promise);
    check_drained();
    return promise;
  }

  void check_drained() {
    if (!draining_ || running_ > 0)
      return;
    for (auto& promise : std::exchange(drained_, {}))
      promise.deliver(store_written{});
  }

  self_pointer self_;
  node_context_ptr node_;
  persistence_actor store_;
  vote_listener votes_;
  /// All that were passed on to sessions.
  std::uint64_t requests_ = 0;
  /// The system's own: what a generator of ours has drawn would tell what it will draw.
  std::random_device random_;
  std::unordered_map<session_id, active_session> active_;
  std::unordered_map<caf::actor_addr, session_id> by_address_;
  /// Sessions on their way from the store, and who waits for each.
  std::unordered_map<session_id, std::vector<with_session>> loading_;
  /// The messages of all running runs.
  std::unordered_map<message_id, session_id> live_messages_;
  std::size_t running_ = 0;
  kept_logs logs_;
  /// Logs or sessions were let go of since `at_rest` was called.
  bool let_go_ = false;
  bool draining_ = false;
  /// Runs that begin all the same are interrupted.
  bool interrupting_ = false;
  std::vector<caf::typed_response_promise<store_written>> drained_;
};

} // namespace

sessions_actor spawn_sessions(caf::actor_system& sys, node_context_ptr node, persistence_actor store, vote_listener votes) {
  auto init = [](self_pointer self, node_context_ptr n, persistence_actor s, vote_listener v) {
    return self->state.start(std::move(n), std::move(s), std::move(v));
  };
  return spawn_homed<sessions_state, sessions_actor>(sys, nullptr, init, std::move(node), std::move(store), std::move(votes));
}

} // namespace parley
