#include "actors/runs/compare.hpp"

#include "actors/node/lazy_alarm.hpp"
#include "actors/runs/answer_checkpoints.hpp"
#include "actors/runs/blind_calls.hpp"
#include "actors/runs/growing_answer.hpp"
#include "actors/runs/model_stream.hpp"
#include "actors/runs/run_log.hpp"
#include "actors/runs/run_readers.hpp"
#include "core/blinding.hpp"

#include <algorithm>

namespace parley {

namespace {

using namespace std::chrono_literals;

/// How long a finished answer waits for a store that is away, and between two tries.
constexpr auto store_patience = 30s;
constexpr auto store_pause = 500ms;

constexpr auto never = steady::time_point::max();

/// ```
/// generating ──▶ storing ──▶ finished
/// ```
/// An answer leaves `generating` once: at its stream's end, its stop, its limit, or the death of its stream. Its finish is
/// in the log when it is `finished`, never before it is stored.
enum class seat_phase { generating, storing, finished };

struct seat : growing_answer {
  seat_phase phase = seat_phase::generating;
  model_stream_actor stream;
  /// It told its last, and ends by itself when its connection can be used again. Until then this handle keeps it.
  bool stream_ends = false;
  answer_checkpoints checkpoints;
  /// While `storing`: when the store is asked again, and until when.
  steady::time_point store_again = never;
  steady::time_point store_until = never;
  /// Of a blind answer.
  blind_calls calls;
};

/// What became of a finished answer: in the store, in the spool until the store is back, or only in memory.
enum class fate { stored, spooled, lost };

struct pending_stop {
  caf::typed_response_promise<stopped_answers> promise;
  std::vector<participant> who;
};

class compare_state;

using self_pointer = homed_pointer<compare_state, run_actor>;

class compare_state {
public:
  static constexpr const char* name = "compare";

  explicit compare_state(self_pointer self) : self_(self) {}

  /// The owner outlives many runs, and would remember each of them.
  ~compare_state() {
    if (plan_.owner)
      self_->demonitor(plan_.owner.address());
  }

  compare_state(const compare_state&) = delete;
  compare_state& operator=(const compare_state&) = delete;

  run_actor::behavior_type start(run_plan plan, bool replay) {
    plan_ = std::move(plan);
    log_ = std::make_unique<run_log>(plan_.run);
    auto hand_on = [this](const reader_actor& to, piece_taker* directly, log_piece piece) {
      if (piece.ends) // a kept connection reads many runs
        self_->demonitor(to.address());
      if (directly)
        directly->take(piece);
      else
        self_->send(to, std::move(piece));
    };
    readers_ = std::make_unique<run_readers>(plan_.node->bounds.reader_window_bytes, hand_on);
    self_->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    self_->monitor(plan_.owner);
    if (replay) {
      tell_again();
    } else {
      alarm_ = lazy_alarm{plan_.home->make_alarm(self_->address())};
      began_ = last_event_ = plan_.home->now();
      readerless_since_ = began_;
      for (auto& planned : plan_.seats)
        begin(planned);
      plan_.seats.clear();
      alarm_.by(next_due());
    }
    // CAF looks for the handler from the top: the most frequent comes first.
    return {[this](const reader_credit& m) { readers_->credit(sender(), m, *log_); },
            [this](const open_log& m) { return open(m); },
            [this](const attach_reader& m) { attach(m); },
            [this](const detach_reader& m) {
              readers_->detach(sender(), m.stream);
              self_->demonitor(sender());
              after_readers_left();
            },
            [this](const stop_answers& m) { return stop(m); },
            [this](const snapshot_run&) { return snapshot(); },
            [this](const forget_log&) {
              forgotten_ = true;
              after_readers_left();
            },
            [this](answer_ended& m) { on_ended(m); },
            [this](const alarm_tick&) { on_alarm(); }};
  }

private:
  // -- beginning --------------------------------------------------------------------------------------------------------

  void begin(seat_plan& planned) {
    seat s;
    s.answer = std::move(planned.answer);
    s.prompt_bytes = planned.ask.system.size();
    for (auto& m : planned.ask.messages)
      s.prompt_bytes += m.content.size();
    // Stream and coordinator share a loop: what has come is handed over by a call, as if it were a message. The stream holds
    // its coordinator's handle, so there is somebody to call as long as there is a stream.
    auto tell = [self = self_](answer_progress& m) { self->step([&] { self->state.on_progress(m); }); };
    s.stream = spawn_model_stream(
      self_->system(), {plan_.home, run_actor{self_}, tell, *s.answer.seat, std::move(planned.targets), std::move(planned.ask)});
    self_->monitor(s.stream);
    log_->introduce(*s.answer.seat, s.answer.id, s.answer.attempt);
    seats_.push_back(std::move(s));
  }

  void tell_again() {
    for (auto& planned : plan_.seats) {
      auto& answer = planned.answer;
      auto who = answer.seat.value_or(0);
      log_->introduce(who, answer.id, answer.attempt);
      log_->append(who, answer_restart{});
      if (!answer.reasoning.empty())
        log_->append(who, answer_delta{event_kind::reasoning, answer.reasoning});
      if (!answer.content.empty())
        log_->append(who, answer_delta{event_kind::text, answer.content});
      for (auto& call : answer.tool_calls)
        log_->append(who, call);
      log_->append(who, finish_of(answer));
      seats_.push_back({});
      seats_.back().answer = answer;
      seats_.back().phase = seat_phase::finished;
    }
    plan_.seats.clear();
    finish_readers();
  }

  static answer_finish finish_of(const message& answer, bool stored = true) {
    auto shown = shown_details(answer);
    return {answer.finish.value_or(finish_reason::interrupted), answer.id, shown.usage, shown.error, stored};
  }

  // -- readers ----------------------------------------------------------------------------------------------------------

  caf::actor_addr sender() const { return caf::actor_cast<caf::actor_addr>(self_->current_sender()); }

  caf::result<run_opened> open(const open_log& m) const {
    if (m.from > log_->newest())
      return to_error({ec::invalid_request,
                       "This run has " + std::to_string(log_->newest()) + " events so far; there is nothing after "
                         + std::to_string(m.from) + ".",
                       "from"});
    return opened(m.from);
  }

  run_opened opened(std::uint64_t from) const {
    run_opened result{run_actor{self_}, plan_.session_key, plan_.turn, plan_.run, plan_.user, {}, from};
    for (auto& s : seats_)
      result.answers.push_back({s.answer.seat.value_or(0), s.answer.id});
    return result;
  }

  void attach(attach_reader m) {
    if (m.home != plan_.home)
      m.directly = nullptr;
    readerless_since_ = never;
    self_->monitor(m.reader);
    readers_->attach(m, *log_);
    after_readers_left();
  }

  void on_down(const caf::down_msg& down) {
    auto& gone = down.source;
    for (auto& s : seats_)
      if (s.stream && s.stream.address() == gone) {
        s.stream = nullptr;
        if (s.phase == seat_phase::generating)
          finish(s, finish_reason::error, answer_error{ec::internal, "The answer stopped unexpectedly."}, std::nullopt);
        return;
      }
    if (gone == plan_.owner.address()) {
      forgotten_ = true;
      // The node ends. A session that died of a defect is no reason to throw away what a provider gives us.
      if (!over_ && (down.reason == caf::exit_reason::user_shutdown || down.reason == caf::exit_reason::kill))
        return self_->quit(caf::exit_reason::user_shutdown);
    } else {
      readers_->remove(gone);
    }
    after_readers_left();
  }

  void after_readers_left() {
    if (!readers_->empty())
      return;
    if (over_) {
      if (forgotten_)
        self_->quit(caf::exit_reason::user_shutdown);
    } else if (plan_.cancel_on_disconnect && readerless_since_ == never) {
      readerless_since_ = plan_.home->now();
      alarm_.by(readerless_since_ + bounds().cancel_grace);
    }
  }

  // -- what the streams tell --------------------------------------------------------------------------------------------

  void on_progress(answer_progress& m) {
    auto* s = find(m.who);
    if (!s || s->phase != seat_phase::generating) // stopped: what was on its way is late
      return;
    last_event_ = plan_.home->now();
    bool too_large = false;
    for (auto& event : m.events) {
      too_large = !take(*s, event);
      if (too_large)
        break;
    }
    readers_->publish(*log_);
    if (too_large)
      return finish(*s, finish_reason::error,
                    answer_error{ec::answer_too_large, "The answer is longer than this server keeps; it was ended here."},
                    std::nullopt);
    auto unsaved = unsaved_bytes(*s);
    if (unsaved >= bounds().checkpoint_bytes)
      checkpoint(*s);
    else if (unsaved > 0 && s->checkpoints.due == never)
      plan_checkpoint(*s, last_event_);
  }

  /// Appends to the log; false if that would exceed the answer's limit.
  bool take(seat& s, answer_event& event) {
    if (s.answer.blind)
      s.calls.hide(event);
    if (!s.take(event, *log_, bounds().max_answer_bytes, last_event_ - began_))
      return false;
    if (std::holds_alternative<answer_restart>(event))
      s.checkpoints.begin_again();
    return true;
  }

  void on_ended(answer_ended& m) {
    auto* s = find(m.who);
    if (!s || s->phase != seat_phase::generating)
      return;
    s->answer.model = std::move(m.model);
    s->stream_ends = true;
    finish(*s, m.reason, std::move(m.error), m.usage);
  }

  // -- finishing --------------------------------------------------------------------------------------------------------

  void finish(seat& s, finish_reason reason, std::optional<answer_error> error, std::optional<token_usage> usage) {
    s.phase = seat_phase::storing;
    if (!s.stream_ends && s.stream)
      self_->send_exit(std::exchange(s.stream, nullptr), caf::exit_reason::user_shutdown);
    s.end(*log_, reason, std::move(error), usage, plan_.home->now() - began_);
    s.answer.completed_at = plan_.node->wall();
    s.store_until = plan_.home->now() + store_patience;
    s.checkpoints.due = never;
    store(s);
  }

  void store(seat& s) {
    s.store_again = never;
    auto who = *s.answer.seat;
    self_->request(plan_.store, defaults::store_timeout, store_answer{plan_.session_key, plan_.held, s.answer})
      .then(
        [this, who](const store_written& how) {
          finished(*find(who), std::holds_alternative<spooled>(how) ? fate::spooled : fate::stored);
        },
        [this, who](const caf::error& error) { not_stored(*find(who), to_failure(error)); });
  }

  void not_stored(seat& s, const failure& why) {
    bool may_help = why.code == ec::store_unavailable || why.code == ec::unavailable;
    auto now = plan_.home->now();
    if (may_help && now < s.store_until) {
      s.store_again = now + store_pause;
      return alarm_.by(s.store_again);
    }
    // Its text stays with the session while that is in memory; a client must not take it for kept.
    s.answer.status = message_status::failed;
    s.answer.finish = why.code == ec::fenced ? finish_reason::interrupted : finish_reason::error;
    s.answer.error =
      answer_error{why.code == ec::fenced ? ec::internal : ec::store_unavailable, "The answer came, but it could not be stored."};
    finished(s, fate::lost);
  }

  /// The answer is safe: now its finish may be seen, by the session first, so that a reader's next turn finds it free.
  void finished(seat& s, fate how) {
    s.phase = seat_phase::finished;
    auto whole = s.answer; // for the session; the log has the text, too, and the seat gives its memory back
    std::string{}.swap(s.answer.content);
    std::string{}.swap(s.answer.reasoning);
    if (how == fate::stored) // else nobody may hear "completed" yet
      log_->complete(*s.answer.seat, s.answer);
    log_->append(*s.answer.seat, finish_of(s.answer, how != fate::spooled));
    over_ = std::all_of(seats_.begin(), seats_.end(), [](const seat& x) { return x.phase == seat_phase::finished; });
    self_->send(plan_.owner, answer_completed{plan_.run, std::move(whole), over_, over_ ? log_->bytes() : 0, log_->newest()});
    last_event_ = plan_.home->now();
    answer_stops();
    if (over_)
      finish_readers();
    else
      readers_->publish(*log_);
  }

  void finish_readers() {
    over_ = true;
    alarm_.cancel();
    bool failed =
      std::any_of(seats_.begin(), seats_.end(), [](const seat& s) { return s.answer.status != message_status::success; });
    readers_->finish(*log_, failed);
    after_readers_left();
  }

  // -- stopping ---------------------------------------------------------------------------------------------------------

  caf::result<stopped_answers> stop(const stop_answers& m) {
    auto promise = self_->make_response_promise<stopped_answers>();
    stops_.push_back({promise, m.who});
    for (auto& s : seats_)
      if (s.phase == seat_phase::generating && concerns(stops_.back(), s))
        finish(s, m.reason, std::nullopt, std::nullopt);
    answer_stops();
    return promise;
  }

  static bool concerns(const pending_stop& pending, const seat& s) {
    return pending.who.empty() || std::find(pending.who.begin(), pending.who.end(), s.answer.seat) != pending.who.end();
  }

  void answer_stops() {
    std::erase_if(stops_, [this](pending_stop& pending) {
      stopped_answers result;
      for (auto& s : seats_) {
        if (!concerns(pending, s))
          continue;
        if (s.phase != seat_phase::finished)
          return false;
        result.states.push_back({s.answer.id, *s.answer.seat, s.answer.status, s.answer.finish});
      }
      pending.promise.deliver(std::move(result));
      return true;
    });
  }

  run_snapshot snapshot() const {
    run_snapshot result;
    for (auto& s : seats_) {
      auto answer = s.answer;
      auto who = answer.seat.value_or(0);
      answer.content = log_->text(who);
      answer.reasoning = log_->reasoning(who);
      if (!is_final(answer.status) && s.bytes > 0)
        answer.status = message_status::streaming;
      result.answers.push_back(std::move(answer));
    }
    result.newest = log_->newest();
    return result;
  }

  // -- checkpoints ------------------------------------------------------------------------------------------------------

  std::size_t unsaved_bytes(const seat& s) const {
    auto who = *s.answer.seat;
    return s.checkpoints.unsaved(log_->text(who), log_->reasoning(who));
  }

  void checkpoint(seat& s) {
    s.checkpoints.due = never;
    if (s.checkpoints.under_way()) // its answer plans the next
      return;
    auto who = *s.answer.seat;
    append_checkpoint piece;
    piece.session_key = plan_.session_key;
    piece.held = plan_.held;
    piece.answer = s.answer.id;
    s.checkpoints.take(piece, log_->text(who), log_->reasoning(who));
    // Without a time limit: persistence answers everything within its own limits, and a checkpoint that isn't answered holds up
    // nothing but the next.
    self_->request(plan_.store, caf::infinite, std::move(piece))
      .then(
        [this, who](const store_written&) {
          auto& saved = *find(who);
          saved.checkpoints.stored();
          after_checkpoint(saved);
        },
        [this, who](const caf::error&) {
          auto& unsaved = *find(who);
          unsaved.checkpoints.not_stored();
          after_checkpoint(unsaved);
        });
  }

  void after_checkpoint(seat& s) {
    if (s.phase == seat_phase::generating && unsaved_bytes(s) > 0)
      plan_checkpoint(s, plan_.home->now());
  }

  void plan_checkpoint(seat& s, steady::time_point now) {
    s.checkpoints.due = now + bounds().checkpoint_interval;
    alarm_.by(s.checkpoints.due);
  }

  // -- time -------------------------------------------------------------------------------------------------------------

  steady::time_point next_due() const {
    auto due = last_event_ + bounds().heartbeat;
    if (plan_.cancel_on_disconnect && readerless_since_ != never)
      due = std::min(due, readerless_since_ + bounds().cancel_grace);
    for (auto& s : seats_)
      due = std::min({due, s.checkpoints.due, s.store_again});
    return due;
  }

  void on_alarm() {
    if (over_)
      return;
    alarm_.came();
    auto now = plan_.home->now();
    for (auto& s : seats_) {
      if (s.phase == seat_phase::generating && s.checkpoints.due <= now)
        checkpoint(s);
      else if (s.phase == seat_phase::storing && s.store_again <= now)
        store(s);
    }
    if (plan_.cancel_on_disconnect && readerless_since_ != never && now - readerless_since_ >= bounds().cancel_grace) {
      readerless_since_ = never;
      for (auto& s : seats_)
        if (s.phase == seat_phase::generating)
          finish(s, finish_reason::cancelled, std::nullopt, std::nullopt);
    }
    if (now - last_event_ >= bounds().heartbeat) {
      last_event_ = now;
      for (auto& s : seats_)
        if (s.phase != seat_phase::finished) {
          readers_->heartbeat(*log_, *s.answer.seat);
          break;
        }
    }
    alarm_.by(next_due());
  }

  const limits& bounds() const { return plan_.node->bounds; }

  seat* find(participant who) {
    auto at = std::find_if(seats_.begin(), seats_.end(), [&](const seat& s) { return s.answer.seat == who; });
    return at == seats_.end() ? nullptr : &*at;
  }

  self_pointer self_;
  run_plan plan_;
  std::vector<seat> seats_;
  std::unique_ptr<run_log> log_;
  std::unique_ptr<run_readers> readers_;
  lazy_alarm alarm_;
  std::vector<pending_stop> stops_;
  steady::time_point began_;
  /// Newest event or heartbeat.
  steady::time_point last_event_;
  /// Since when nobody reads; `never` while somebody does.
  steady::time_point readerless_since_ = never;
  /// Each participant has finished.
  bool over_ = false;
  /// The log's window is over, too.
  bool forgotten_ = false;
};

run_actor spawn(caf::actor_system& sys, run_plan plan, bool replay) {
  auto* unit = plan.home->unit();
  return spawn_homed<compare_state, run_actor>(
    sys, unit, [](self_pointer self, run_plan p, bool again) { return self->state.start(std::move(p), again); }, std::move(plan),
    replay);
}

} // namespace

run_actor spawn_compare(caf::actor_system& sys, run_plan plan) {
  return spawn(sys, std::move(plan), false);
}

run_actor spawn_replay(caf::actor_system& sys, run_plan plan) {
  return spawn(sys, std::move(plan), true);
}

} // namespace parley
