#include "actors/runs/model_stream.hpp"

#include <algorithm>

namespace parley {

namespace {

using namespace std::chrono_literals;

/// Before a try is repeated: doubles with each, and a provider's Retry-After counts up to a bound.
constexpr auto first_backoff = 250ms;
constexpr auto longest_backoff = 5s;

/// A response's body of another status than 2xx is read up to this for its explanation.
constexpr std::size_t max_error_body = 64 * 1024;

/// The memory of a delta's text is used again, unless it is larger than this.
constexpr std::size_t max_spare_bytes = 1024;

/// How long the end of a response is waited for after its format's end mark, so that the connection can be used again.
constexpr auto drain_patience = 1s;

/// A connection or an HTTP status that another try may better. What a provider says of the request itself stays.
bool worth_repeating(ec code) {
  return code != ec::invalid_request && code != ec::upstream_rejected && code != ec::answer_too_large;
}

/// ```
/// connecting ──▶ waiting ──▶ streaming ──▶ drained
///     ▲ │           │            │
///     │ └── failed ─┴────────────┘ (after the first token only with restart_on_failure)
///     │       │
///     └─ backing_off                    no try left: drained
/// ```
enum class phase { connecting, waiting, streaming, backing_off, drained };

class model_stream_state;

using self_pointer = homed_pointer<model_stream_state, model_stream_actor>;

class model_stream_state : public upstream_handler, public wire::answer_sink {
public:
  static constexpr const char* name = "model_stream";

  explicit model_stream_state(self_pointer self) : self_(self) {}

  model_stream_actor::behavior_type start(model_stream_plan plan) {
    plan_ = std::move(plan);
    progress_.who = plan_.who;
    tries_left_ = target().retries;
    alarm_ = plan_.home->make_alarm(self_->address());
    self_->monitor(plan_.coordinator);
    self_->set_down_handler([this](const caf::down_msg&) { self_->quit(caf::exit_reason::user_shutdown); });
    begin_try();
    return {[this](const alarm_tick&) { on_alarm(); }};
  }

  // -- upstream_handler: callbacks of the transport ---------------------------------------------------------------------

  void connected() override {
    self_->step([this] {
      if (phase_ == phase::connecting)
        enter(phase::waiting);
    });
  }

  void responded(int status, int retry_after) override {
    self_->step([this, status, retry_after] {
      status_ = status;
      retry_after_ = std::chrono::seconds{retry_after};
      last_read_ = plan_.home->now();
    });
  }

  void received(std::string_view body) override {
    self_->step([this, body] { on_body(body); });
  }

  void ended() override {
    self_->step([this] {
      if (phase_ == phase::drained)
        return self_->quit();
      if (!is_2xx())
        return fail_status();
      codec_->end(*this);
      report();
    });
  }

  void failed(failure why) override {
    self_->step([this, why = std::move(why)]() mutable {
      if (phase_ == phase::drained)
        return self_->quit();
      if (status_ != 0 && !is_2xx()) // the status says more than a body that broke off
        return fail_status();
      failed_ = std::move(why);
      report();
    });
  }

  // -- wire::answer_sink: what the codec finds in one read ----------------------------------------------------------------

  void text(std::string_view content) override { add_delta(event_kind::text, content); }

  void reasoning(std::string_view content) override { add_delta(event_kind::reasoning, content); }

  void tool_call_begins(std::string_view id, std::string_view tool) override {
    calls_.push_back({std::string{id}, std::string{tool}, {}});
    progress_.events.push_back(tool_call_begin{std::string{id}, std::string{tool}, index_of(calls_.back())});
  }

  void tool_call_grows(std::string_view id, std::string_view arguments) override {
    if (auto* call = find_call(id)) {
      call->arguments += arguments;
      progress_.events.push_back(tool_call_delta{std::string{id}, std::string{arguments}, index_of(*call)});
    }
  }

  void tool_call_ends(std::string_view id) override {
    if (auto* call = find_call(id))
      progress_.events.push_back(*call);
  }

  void usage(std::int64_t prompt_tokens, std::int64_t completion_tokens) override {
    usage_ = token_usage{prompt_tokens, completion_tokens, true};
  }

  void finished(finish_reason reason) override { finished_ = reason; }

  void failed(ec code, std::string_view text) override { failed_ = failure{code, std::string{text}, {}}; }

private:
  const model& target() const { return *plan_.targets[target_]; }

  const upstream_clocks& clocks() const { return target().at->clocks; }

  bool is_2xx() const { return status_ >= 200 && status_ < 300; }

  void enter(phase next) {
    phase_ = next;
    alarm_->set(deadline());
  }

  void begin_try() {
    status_ = 0;
    retry_after_ = 0s;
    error_body_.clear();
    usage_.reset();
    failed_.reset();
    finished_.reset();
    calls_.clear();
    began_ = last_read_ = plan_.home->now();
    codec_ = wire::make_codec(target().at->kind);
    enter(phase::connecting);
    auto request = encode();
    if (!request)
      return fail(std::move(request.error()));
    call_ = plan_.home->call(target().at, std::move(*request), *this);
  }

  expected<wire::upstream_request> encode() const {
    if (plan_.given)
      return wire::encode_request(target(), *plan_.given);
    return wire::encode_request(target(), plan_.ask);
  }

  void on_body(std::string_view body) {
    last_read_ = plan_.home->now();
    if (phase_ == phase::drained)
      return;
    if (!is_2xx()) {
      error_body_.append(body.substr(0, max_error_body - std::min(max_error_body, error_body_.size())));
      return;
    }
    codec_->feed(body, *this);
    report();
  }

  void add_delta(event_kind kind, std::string_view content) {
    if (content.empty())
      return;
    // What came in one read is one delta.
    if (!progress_.events.empty())
      if (auto* last = std::get_if<answer_delta>(&progress_.events.back()); last && last->kind == kind) {
        last->content += content;
        return;
      }
    answer_delta delta{kind, std::move(spare_)};
    delta.content = content;
    progress_.events.push_back(std::move(delta));
  }

  tool_call* find_call(std::string_view id) {
    auto at = std::find_if(calls_.rbegin(), calls_.rend(), [&](const tool_call& call) { return call.id == id; });
    return at == calls_.rend() ? nullptr : &*at;
  }

  std::uint32_t index_of(const tool_call& call) const { return static_cast<std::uint32_t>(&call - calls_.data()); }

  /// Sends on what the codec found.
  void report() {
    if (!progress_.events.empty()) {
      if (phase_ != phase::streaming)
        enter(phase::streaming);
      plan_.tell(progress_);
      if (auto* last = std::get_if<answer_delta>(&progress_.events.back()); last && last->content.capacity() <= max_spare_bytes)
        spare_ = std::move(last->content);
      progress_.events.clear();
    }
    if (failed_)
      fail(*std::exchange(failed_, std::nullopt));
    else if (finished_)
      end(*finished_, std::nullopt);
  }

  void fail_status() {
    auto why = wire::explain_status(status_, error_body_, target().at->api_key);
    fail(std::move(why));
  }

  void fail(failure why) {
    call_.reset();
    if (phase_ == phase::streaming) {
      if (!plan_.may_restart || !target().restart_on_failure || tries_left_ == 0 || !worth_repeating(why.code))
        return end(finish_reason::error, answer_error{why.code, std::move(why.message)});
      answer_progress restart{plan_.who, {answer_restart{}}};
      plan_.tell(restart);
    }
    if (tries_left_ > 0 && worth_repeating(why.code)) {
      --tries_left_;
      ++repeats_;
      auto pause = std::min<steady::duration>(first_backoff * (1 << std::min(repeats_ - 1, 8)), longest_backoff);
      resume_at_ = plan_.home->now() + std::clamp<steady::duration>(retry_after_, pause, longest_backoff);
      return enter(phase::backing_off);
    }
    if (target_ + 1 < plan_.targets.size()) {
      ++target_;
      tries_left_ = target().retries;
      repeats_ = 0;
      return begin_try();
    }
    end(finish_reason::error, answer_error{why.code, std::move(why.message)});
  }

  void end(finish_reason reason, std::optional<answer_error> error) {
    self_->send(plan_.coordinator,
                answer_ended{plan_.who, reason, std::move(error), usage_, {target().id, target().display_name}});
    codec_.reset();
    if (!call_)
      return self_->quit();
    resume_at_ = plan_.home->now() + drain_patience;
    enter(phase::drained);
  }

  /// When the current phase is over at the latest.
  steady::time_point deadline() const {
    auto whole = began_ + clocks().whole;
    switch (phase_) {
    case phase::connecting:
      return std::min(whole, began_ + clocks().connect);
    case phase::waiting:
      return std::min(whole, began_ + clocks().first_token);
    case phase::streaming:
      return std::min(whole, last_read_ + clocks().idle);
    case phase::backing_off:
    case phase::drained:
      break;
    }
    return resume_at_;
  }

  std::string_view clock_that_ran_out() const {
    if (plan_.home->now() >= began_ + clocks().whole)
      return "The provider didn't finish its answer in time.";
    switch (phase_) {
    case phase::connecting:
      return "The provider couldn't be reached in time.";
    case phase::waiting:
      return "The provider didn't begin to answer in time.";
    default:
      return "The provider fell silent in the middle of its answer.";
    }
  }

  /// The alarm isn't moved with each read: it comes, looks, and is set anew.
  void on_alarm() {
    auto due = deadline();
    if (plan_.home->now() < due)
      return alarm_->set(due);
    if (phase_ == phase::drained)
      return self_->quit();
    if (phase_ == phase::backing_off)
      return begin_try();
    fail({ec::upstream_timeout, std::string{clock_that_ran_out()}, {}});
  }

  self_pointer self_;
  model_stream_plan plan_;
  phase phase_ = phase::connecting;
  /// Which of the plan's targets is tried now.
  std::size_t target_ = 0;
  /// How often the current target may still be tried again, and how often it was.
  int tries_left_ = 0;
  int repeats_ = 0;
  std::unique_ptr<alarm> alarm_;
  std::unique_ptr<wire::codec> codec_;
  /// The response under way: its status, 0 before it came.
  int status_ = 0;
  std::chrono::seconds retry_after_{0};
  std::string error_body_;
  steady::time_point began_;
  steady::time_point last_read_;
  /// End of the backing off, or of the draining.
  steady::time_point resume_at_;
  /// What the codec found and the coordinator hasn't been told.
  answer_progress progress_;
  /// A delta's memory, for the next one.
  std::string spare_;
  std::vector<tool_call> calls_;
  std::optional<token_usage> usage_;
  std::optional<finish_reason> finished_;
  std::optional<failure> failed_;
  /// Last: destroyed first, so that no callback meets a half-destroyed state.
  std::unique_ptr<upstream_call> call_;
};

} // namespace

model_stream_actor spawn_model_stream(caf::actor_system& sys, model_stream_plan plan) {
  auto* unit = plan.home->unit();
  return spawn_homed<model_stream_state, model_stream_actor>(
    sys, unit, [](self_pointer self, model_stream_plan p) { return self->state.start(std::move(p)); }, std::move(plan));
}

} // namespace parley
