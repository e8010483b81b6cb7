// The subscribers of one session on one loop. Those who keep up share one stream of frames, encoded once, which goes out in
// rounds; one who falls behind reads the run's log for itself, in larger pieces, until it has caught up.
//
// Over 400 lines, because joining, sharing, reading alone and leaving are one state machine over one set of subscribers.

#include "actors/watching/log_readers.hpp"
#include "actors/watching/shared_stream.hpp"
#include "core/check.hpp"
#include "wire/streams/ws_frames.hpp"

#include <algorithm>
#include <map>

namespace parley {

namespace {

/// Subscribers that are served before others on the loop have their turn: about half a millisecond's work.
constexpr std::size_t round_part = 64;

/// Runs that may have begun while a subscriber still reads an earlier one.
constexpr std::size_t max_runs_behind = 8;

/// The stream that all who keep up share. Those of single subscribers have the subscriber's number.
constexpr std::uint64_t stream_of_all = 0;

/// Said with `going_away`.
constexpr std::string_view come_back = "Please connect again.";

namespace close_code = wire::close_code;

struct feed_state;

using self_pointer = homed_pointer<feed_state, feed_actor>;

struct feed_state {
  static constexpr const char* name = "feed";

  explicit feed_state(self_pointer owner) : self(owner), logs(owner) {}

  feed_actor::behavior_type start(node_context_ptr context, sessions_actor parent, session_id watched) {
    node = std::move(context);
    sessions = std::move(parent);
    id = watched;
    shared = shared_stream{node->bounds};
    self->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    return {[this](const log_piece& m) { m.stream == stream_of_all ? take_shared(m) : take_own(m); },
            [this](const join_feed& m) { join(m); },
            [this](const leave_feed& m) { leave(m.subscriber); },
            [this](const subscriber_drained& m) { on_drained(m.subscriber); },
            [this](const request_state& m) { begin_anew(m.subscriber); },
            [this](subscriber_typing& m) {
              self->send(sessions, relay_typing{id, m.subscriber, std::move(m.user_id), m.is_typing, m.by});
            },
            [this](const run_announced& m) { on_run(encoded(m)); },
            [this](const session_announced& m) { on_session(encoded(m)); },
            [this](feed_round) {
              if (shared.in_round())
                serve_part(round_part);
            }};
  }

  log_ids ids() const { return {id, {}, {}}; }

  watcher* find(std::uint64_t number) {
    auto found = watchers.find(number);
    return found == watchers.end() ? nullptr : &found->second;
  }

  /// One of those who don't share, where nobody has left since it was seen there.
  watcher& one_apart(std::uint64_t number) {
    auto found = apart.find(number);
    check(found != apart.end(), "nobody leaves a feed while it goes through those who don't share");
    return *found->second;
  }

  // -- joining ----------------------------------------------------------------------------------------------------------

  void join(const join_feed& m) {
    auto number = m.who->number();
    auto& made = watchers[number];
    made.to = m.who;
    made.by = m.by;
    made.from = m.from;
    apart[number] = &made;
    watch(m.by);
    ask_state(number, made);
  }

  /// The session tells what happens from now on, before it answers what is asked after this. The first who joins asks for all.
  void watch(const ask& by) {
    if (watching)
      return;
    watching = true;
    self->request(sessions, defaults::actor_timeout, watch_session{id, by}, session_listener{feed_actor{self}})
      .then(
        [this](const session_view&) {
          session = caf::actor_cast<caf::actor_addr>(self->current_sender());
          self->monitor(caf::actor_cast<caf::actor>(self->current_sender()));
        },
        [this](const caf::error& why) {
          watching = false;
          close_all(why);
        });
  }

  /// Those who want to know it at the same time are given the same.
  void ask_state(std::uint64_t number, const watcher& who) {
    if (who.from) {
      self->request(sessions, defaults::actor_timeout, show_state{id, who.from, who.by})
        .then([this, number](const session_state_view& state) { welcome_back(number, state); },
              [this, number](const caf::error& why) { close(number, why); });
    } else if (!state_asked) {
      state_asked = true;
      self->request(sessions, defaults::actor_timeout, show_state{id, std::nullopt, who.by})
        .then([this](const session_state_view& state) { welcome_all(state); }, [this](const caf::error& why) { close_all(why); });
    }
  }

  void welcome_all(const session_state_view& state) {
    state_asked = false;
    auto runs = std::exchange(since_asked, {});
    auto frames = state_frames(state);
    auto greeted = both(greeting(state, std::nullopt, false), frames);
    for (auto number : numbers_of(apart)) {
      auto& who = one_apart(number);
      if (who.phase != watcher_phase::joining || who.from)
        continue;
      who.to->deliver(std::exchange(who.greeted, true) ? frames : greeted);
      who.next = runs;
      settle(number, who, state);
    }
  }

  void welcome_back(std::uint64_t number, const session_state_view& state) {
    auto* joined = find(number);
    if (!joined)
      return;
    auto& who = *joined;
    if (!state.recovered) { // it begins with the state like others
      who.from.reset();
      who.next.clear();
      return ask_state(number, who);
    }
    who.greeted = true;
    who.to->deliver(greeting(state, who.from, true));
    settle(number, who, state);
  }

  /// From here on it is told what follows `state`.
  void settle(std::uint64_t number, watcher& who, const session_state_view& state) {
    who.from.reset();
    auto known = std::find_if(who.next.begin(), who.next.end(),
                              [&](const watched_run& run) { return state.at && run.run == state.at->run; });
    if (known != who.next.end())
      who.next.erase(who.next.begin(), known + 1);
    who.at = state.at;
    who.phase = watcher_phase::alone;
    if (shared.unused()) { // the first: others shall share with it
      shared.begin_at(state.at, state.log);
      if (shared.reading())
        logs.begin(shared.log(), stream_of_all, state.at->offset);
    }
    rejoin(number, who);
    if (who.phase == watcher_phase::sharing)
      return;
    if (state.log) {
      who.log = state.log;
      logs.attach(who);
    } else {
      logs.start_next(who);
    }
  }

  void begin_anew(std::uint64_t number) {
    auto* who = find(number);
    if (!who || who->phase == watcher_phase::joining)
      return;
    let_go(*who);
    apart[number] = who;
    who->phase = watcher_phase::joining;
    who->next.clear();
    ask_state(number, *who);
  }

  // -- leaving ----------------------------------------------------------------------------------------------------------

  void leave(std::uint64_t number) {
    if (auto* who = find(number)) {
      let_go(*who);
      apart.erase(number);
      watchers.erase(number);
    }
  }

  /// It gets nothing more, of the shared stream or its own.
  void let_go(watcher& who) {
    if (who.phase == watcher_phase::sharing)
      shared.leave(who);
    logs.detach(who);
  }

  void close(std::uint64_t number, std::uint16_t code, std::string_view reason) {
    if (auto* who = find(number)) {
      auto to = who->to;
      leave(number);
      to->close(code, reason);
    }
  }

  void close(std::uint64_t number, const caf::error& error) {
    auto why = to_failure(error);
    if (why.code == ec::not_found)
      return close(number, close_code::no_such_session, "There is no such session.");
    if (auto* who = find(number))
      who->to->deliver(error_frames(why));
    close(number, close_code::going_away, come_back);
  }

  /// What it watches is gone by a defect.
  void drop(std::uint64_t number) {
    auto* who = find(number);
    report_dropped_reader(reader_drop::defect, {id, who && who->at ? who->at->run : run_id{}, {}});
    close(number, close_code::going_away, come_back);
  }

  void drop_all() {
    state_asked = false;
    since_asked.clear();
    for (auto number : numbers_of(watchers))
      drop(number);
  }

  template <class... Why>
  void close_all(const Why&... why) {
    state_asked = false;
    since_asked.clear();
    for (auto number : numbers_of(watchers))
      close(number, why...);
  }

  /// To go through them while they may leave.
  template <class Map>
  static std::vector<std::uint64_t> numbers_of(const Map& map) {
    std::vector<std::uint64_t> numbers;
    numbers.reserve(map.size());
    for (auto& entry : map)
      numbers.push_back(entry.first);
    return numbers;
  }

  void on_down(const caf::down_msg& down) {
    auto& gone = down.source;
    if (gone == session) {
      session = nullptr;
      watching = false;
      return explain_death(down.reason).empty() ? close_all(close_code::going_away, come_back) : drop_all();
    }
    if (!logs.died(gone))
      return;
    // A log ends before its readers only by a defect.
    if (shared.reading() && shared.log().address() == gone) {
      shared.end_run();
      return drop_all();
    }
    for (auto number : numbers_of(apart))
      if (auto& log = one_apart(number).log; log && log.address() == gone)
        drop(number);
  }

  // -- what is shared ---------------------------------------------------------------------------------------------------

  void on_run(const watched_run& m) {
    if (state_asked)
      since_asked.push_back(m);
    for (auto number : numbers_of(apart)) {
      auto& who = one_apart(number);
      if (who.phase == watcher_phase::joining && !who.from)
        continue;
      who.next.push_back(m);
      if (who.next.size() > max_runs_behind)
        close(number, close_code::too_slow, "You read too slowly.");
      else if (who.phase == watcher_phase::alone && !who.log)
        logs.start_next(who);
    }
    shared.add(m);
    read_next_run();
  }

  void read_next_run() {
    if (!shared.begin_next_run())
      return;
    logs.begin(shared.log(), stream_of_all, 0);
    begin_round();
  }

  void take_shared(const log_piece& m) {
    if (!shared.reading())
      return;
    if (auto credit = shared.take(m); credit > 0)
      self->send(shared.log(), reader_credit{stream_of_all, credit});
    if (m.ends) {
      shared.end_run();
      logs.ended(shared.log());
      read_next_run();
    }
    begin_round();
  }

  void on_session(const watched_change& m) {
    for (auto& [number, who] : apart)
      if (who->greeted && number != m.except && !shared.too_far_behind(*who->to))
        who->to->deliver(m.frames);
    shared.add(m);
    begin_round();
    if (!m.is_last)
      return;
    while (shared.in_round())
      serve_part(shared.size());
    close_all(close_code::no_such_session, "The session was deleted.");
  }

  /// What waits goes to all who share, in parts: a loop has other work than ten thousand sockets.
  void begin_round() {
    if (!shared.begin_round())
      return;
    rejoin_all(); // who is there already waits for the next round
    serve_part(round_part);
  }

  void serve_part(std::size_t count) {
    shared.serve(count, fallen);
    for (auto* who : fallen)
      apart[who->to->number()] = who;
    fallen.clear();
    if (shared.in_round())
      self->send(self, feed_round{});
    else
      begin_round();
  }

  // -- who reads alone --------------------------------------------------------------------------------------------------

  void take_own(const log_piece& m) {
    auto* who = find(m.stream);
    if (!who || !logs.take(*who, m, caf::actor_cast<caf::actor_addr>(self->current_sender())))
      return;
    if (m.ends)
      on_free(m.stream, *who);
    else if (who->to->unread() == 0)
      on_drained(m.stream);
  }

  void on_drained(std::uint64_t number) {
    auto* who = find(number);
    if (!who || who->phase != watcher_phase::alone)
      return;
    logs.give_credit(*who);
    on_free(number, *who);
  }

  /// It shares again if it can, or goes on with what it has to read.
  void on_free(std::uint64_t number, watcher& who) {
    rejoin(number, who);
    if (who.phase == watcher_phase::sharing || who.attached)
      return;
    if (who.log)
      logs.attach(who);
    else
      logs.start_next(who);
  }

  void rejoin_all() {
    for (auto next = apart.begin(); next != apart.end();) {
      auto& [number, who] = *next++; // it may leave
      if (who->phase == watcher_phase::alone)
        rejoin(number, *who);
    }
  }

  /// Shares the stream again if it is exactly where those are who share it.
  void rejoin(std::uint64_t number, watcher& who) {
    if (!shared.can_join(who))
      return;
    logs.detach(who);
    who.next.clear();
    shared.join(who);
    apart.erase(number);
  }

  self_pointer self;
  node_context_ptr node;
  sessions_actor sessions;
  session_id id;
  /// The session's actor, once it told that we may watch.
  caf::actor_addr session;
  bool watching = false;
  /// A map: addresses of what is in it stay.
  std::map<std::uint64_t, watcher> watchers;
  /// Those of them who don't share.
  std::map<std::uint64_t, watcher*> apart;
  shared_stream shared;
  /// Room for those who fall behind in one part of a round.
  std::vector<watcher*> fallen;

  /// The state is on its way, and runs that began since it was asked for.
  bool state_asked = false;
  std::vector<watched_run> since_asked;

  log_readers logs;
};

} // namespace

feed_actor spawn_feed(caf::actor_system& sys, node_context_ptr node, home_loop* home, sessions_actor sessions, session_id id) {
  auto init = [](self_pointer self, node_context_ptr n, sessions_actor s, session_id watched) {
    return self->state.start(std::move(n), std::move(s), watched);
  };
  return spawn_homed<feed_state, feed_actor>(sys, home->unit(), init, std::move(node), std::move(sessions), id);
}

} // namespace parley
