#pragma once
// A home loop for tests: the clock stands until the test moves it, alarms ring when it does, and upstream requests wait for
// the test to answer them. Actors run on the system's (deterministic) scheduler.

#include "actors/node/api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <deque>
#include <memory>

namespace parley::test {

class fake_loop final : public home_loop {
public:
  /// An upstream request as the test sees it.
  struct request {
    std::shared_ptr<const upstream> at;
    wire::upstream_request what;
    upstream_handler* handler = nullptr;
    /// The actor let go of it.
    bool closed = false;

    /// The usual beginning: connected, 200.
    void accept() { respond(200); }

    void connect() {
      if (!closed)
        handler->connected();
    }

    void respond(int status, int retry_after = 0) {
      connect();
      if (!closed)
        handler->responded(status, retry_after);
    }

    /// The connection breaks.
    void fail(ec code) {
      if (!closed)
        handler->failed({code, "The connection broke.", {}});
    }

    /// The body's end.
    void end() {
      if (!closed)
        handler->ended();
    }

    void body(std::string_view bytes) {
      if (!closed)
        handler->received(bytes);
    }

    /// A text delta in OpenAI's format.
    void text(std::string_view content) {
      body(R"(data: {"choices":[{"index":0,"delta":{"content":")" + std::string{content} + "\"}}]}\n\n");
    }

    /// A finish reason and the format's end mark.
    void mark_end(std::string_view reason = "stop") {
      body(R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":")" + std::string{reason} + "\"}]}\n\ndata: [DONE]\n\n");
    }

    /// A finish reason, the end mark, and the body's end.
    void finish(std::string_view reason = "stop") {
      mark_end(reason);
      end();
    }

    /// The whole answer at once.
    void answer(std::string_view content) {
      accept();
      text(content);
      finish();
    }
  };

  caf::execution_unit* unit() override { return nullptr; }

  steady::time_point now() const override { return now_; }

  std::unique_ptr<alarm> make_alarm(caf::actor_addr target) override {
    actors.push_back(target);
    return std::make_unique<fake_alarm>(*this, target);
  }

  std::unique_ptr<upstream_call> call(const std::shared_ptr<const upstream>& at, wire::upstream_request what,
                                      upstream_handler& handler) override {
    requests.push_back(std::make_shared<request>(request{at, std::move(what), &handler}));
    return std::make_unique<fake_call>(requests.back());
  }

  /// Moves the clock, and rings what is due.
  void advance(steady::duration time) {
    now_ += time;
    for (auto* bell : std::vector<fake_alarm*>{alarms_})
      bell->ring_if_due();
  }

  /// When the next alarm rings.
  steady::time_point next_alarm() const {
    auto next = steady::time_point::max();
    for (auto* bell : alarms_)
      next = std::min(next, bell->when());
    return next;
  }

  /// In the order they were made.
  std::deque<std::shared_ptr<request>> requests;
  /// Who made an alarm, in that order: of each run its coordinator, then its model streams.
  std::vector<caf::actor_addr> actors;

private:
  class fake_alarm final : public alarm {
  public:
    fake_alarm(fake_loop& loop, caf::actor_addr target) : loop_(loop), target_(std::move(target)) {
      loop_.alarms_.push_back(this);
    }
    ~fake_alarm() override { std::erase(loop_.alarms_, this); }
    void set(steady::time_point when) override { when_ = when; }
    void cancel() override { when_ = steady::time_point::max(); }

    steady::time_point when() const { return when_; }

    void ring_if_due() {
      if (when_ > loop_.now_)
        return;
      cancel();
      if (auto target = caf::actor_cast<caf::actor>(target_))
        caf::anon_send(target, alarm_tick{});
    }

  private:
    fake_loop& loop_;
    caf::actor_addr target_;
    steady::time_point when_ = steady::time_point::max();
  };

  class fake_call final : public upstream_call {
  public:
    explicit fake_call(std::shared_ptr<request> made) : made_(std::move(made)) {}
    ~fake_call() override { made_->closed = true; }

  private:
    std::shared_ptr<request> made_;
  };

  steady::time_point now_{std::chrono::hours{1}};
  std::vector<fake_alarm*> alarms_;
};

} // namespace parley::test
