#include "actors/runs/model_stream.hpp"

#include "actors/node/setbacks.hpp"
#include "actors/runs/attempts.hpp"
#include "wire/dialects/dialect.hpp"

#include <algorithm>

namespace parley {

namespace {

using namespace std::chrono_literals;

/// A response's body of another status than 2xx is read up to this for its explanation.
constexpr std::size_t max_error_body = 64 * 1024;

/// The memory of a delta's text is used again, unless it is larger than this.
constexpr std::size_t max_spare_bytes = 1024;

/// How long the end of a response is waited for after its format's end mark, so that the connection can be used again.
constexpr auto drain_patience = 1s;

class model_stream_state;

using self_pointer = homed_pointer<model_stream_state, model_stream_actor>;

class model_stream_state : public upstream_handler, public wire::answer_sink {
public:
  static constexpr const char* name = "model_stream";

  explicit model_stream_state(self_pointer self) : self_(self) {}

  model_stream_actor::behavior_type start(model_stream_plan plan) {
    plan_ = std::move(plan);
    progress_.who = plan_.who;
    attempts_.emplace(std::move(plan_.targets), plan_.may_restart);
    alarm_ = plan_.home->make_alarm(self_->address());
    self_->monitor(plan_.coordinator);
    self_->set_down_handler([this](const caf::down_msg&) { self_->quit(caf::exit_reason::user_shutdown); });
    ask();
    return {[this](const alarm_tick&) { on_alarm(); }};
  }

  log_ids ids() const { return plan_.about; }

  // -- upstream_handler: callbacks of the transport ---------------------------------------------------------------------

  void connected() override {
    self_->step([this] {
      attempts_->connected();
      alarm_->set(attempts_->deadline());
    });
  }

  void responded(int status, int retry_after) override {
    self_->step([this, status, retry_after] {
      status_ = status;
      attempts_->responded(std::chrono::seconds{retry_after});
    });
  }

  void received(std::string_view body) override {
    self_->step([this, body] { on_body(body); });
  }

  void ended() override {
    self_->step([this] {
      if (told_end())
        return self_->quit();
      if (!is_2xx())
        return fail_status();
      codec_->end(*this);
      report();
    });
  }

  void failed(failure why) override {
    self_->step([this, why = std::move(why)]() mutable {
      if (told_end())
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
  const model& target() const { return attempts_->target(); }

  bool is_2xx() const { return status_ >= 200 && status_ < 300; }

  bool told_end() const { return drains_until_.has_value(); }

  void ask() {
    status_ = 0;
    error_body_.clear();
    usage_.reset();
    failed_.reset();
    finished_.reset();
    calls_.clear();
    attempts_->asked(plan_.home->now());
    alarm_->set(attempts_->deadline());
    auto& speaks = wire::dialect_of(target());
    codec_ = speaks.make_codec();
    auto request = plan_.given ? speaks.encode(target(), *plan_.given) : speaks.encode(target(), plan_.ask);
    if (!request)
      return fail(std::move(request.error()));
    call_ = plan_.home->call(target().at, std::move(*request), *this);
  }

  void on_body(std::string_view body) {
    attempts_->received(plan_.home->now());
    if (told_end())
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
      if (!attempts_->streaming()) {
        attempts_->begin_streaming();
        alarm_->set(attempts_->deadline());
      }
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

  void fail_status() { fail(wire::dialect_of(target()).explain(status_, error_body_, target().at->api_key)); }

  void fail(failure why) {
    call_.reset();
    go_on(attempts_->failed(std::move(why), plan_.home->now()));
  }

  void go_on(next_attempt next) {
    std::visit([this](auto& step) { take(step); }, next);
  }

  void take(const ask_now&) { ask(); }

  void take(const wait_until& wait) {
    report_setback("upstream_retry", target().id, ids());
    if (wait.begin_again) {
      answer_progress restart{plan_.who, {answer_restart{}}};
      plan_.tell(restart);
    }
    alarm_->set(wait.when);
  }

  void take(give_up& end_of_tries) {
    auto& why = end_of_tries.why;
    report_setback("upstream_failed", parley::name(why.code), ids());
    end(finish_reason::error, answer_error{why.code, std::move(why.message)});
  }

  void end(finish_reason reason, std::optional<answer_error> error) {
    self_->send(plan_.coordinator,
                answer_ended{plan_.who, reason, std::move(error), usage_, {target().id, target().display_name}});
    codec_.reset();
    if (!call_)
      return self_->quit();
    drains_until_ = plan_.home->now() + drain_patience;
    alarm_->set(*drains_until_);
  }

  /// The alarm isn't moved with each read: it comes, looks, and is set anew.
  void on_alarm() {
    auto now = plan_.home->now();
    auto due = told_end() ? *drains_until_ : attempts_->deadline();
    if (now < due)
      return alarm_->set(due);
    if (told_end())
      return self_->quit();
    call_.reset();
    go_on(attempts_->due(now));
  }

  self_pointer self_;
  model_stream_plan plan_;
  /// Set at the start.
  std::optional<attempts> attempts_;
  std::unique_ptr<alarm> alarm_;
  std::unique_ptr<wire::codec> codec_;
  /// The response under way: its status, 0 before it came.
  int status_ = 0;
  std::string error_body_;
  /// Set once the coordinator was told the end: until then the rest of the response is waited for.
  std::optional<steady::time_point> drains_until_;
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
