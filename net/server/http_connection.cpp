#include "net/server/http_connection.hpp"

#include "core/check.hpp"
#include "net/server/access_log.hpp"

#include <caf/actor_cast.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <unistd.h>

namespace parley::net {

namespace {

/// How long a client may take to close its side after our last byte, and how much it may send meanwhile.
constexpr std::chrono::seconds linger_time{2};
constexpr std::size_t max_lingered_bytes = 1024 * 1024;

/// Requests that were sent ahead wait until the answers before them are mostly written …
constexpr std::size_t max_unsent_ahead = 64 * 1024;
/// … and let other connections have their turn.
constexpr int max_requests_per_batch = 16;

constexpr auto never = steady::time_point::max();

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
  });
}

} // namespace

class http_connection::one_exchange final : public exchange {
public:
  one_exchange(http_connection& owner, http_request request) : owner_(owner), request_(std::move(request)) {}

  const http_request& request() const override { return request_; }
  connection_actor& self() override { return owner_; }
  home_loop& home() override { return owner_.loop_; }
  void answer(http_response response) override { owner_.answer(response); }
  void refuse(const failure& why) override { owner_.refuse(why); }
  void stream(const run_opened& run, const wire::stream_encoder& format) override { owner_.stream(run, format); }
  void upgrade(const std::function<void(taken_connection)>& taker) override { owner_.upgrade(taker); }

private:
  http_connection& owner_;
  http_request request_;
};

// == The actor's life ================================================================================================

http_connection::http_connection(caf::actor_config& config, loop& home, std::shared_ptr<http_service> service, int socket,
                                 bool refused)
  : connection_actor(config, home.unit()), service_(std::move(service)), loop_(home), parser_(service_->settings.requests),
    socket_(socket), refused_(refused) {}

http_connection::~http_connection() {
  if (socket_ != -1)
    ::close(socket_);
}

reader_actor::behavior_type http_connection::make_behavior() {
  place_ = take_place(service_, loop_.index(), refused_, *this);
  alive_ = caf::strong_actor_ptr{ctrl()};
  stream_ = byte_stream::accepted(loop_.events(), std::exchange(socket_, -1), service_->tls.get(), *this);
  timer_ = loop_.make_timer([this] { step([this] { on_timer(); }); });
  deadline_ = loop_.now() + service_->settings.header_timeout;
  set_down_handler([this](const caf::down_msg& down) {
    // News of a death overtakes what the dead sent before: look at it once all of that has been taken.
    if (log_ && down.source == log_.address())
      send(caf::actor_cast<reader_actor>(alive_), log_piece{stream_number_, nullptr, false});
  });
  if (service_->closing)
    end();
  return {[this](const log_piece& piece) { take_piece(piece); }};
}

void http_connection::end() {
  ending_ = true;
  quit(caf::exit_reason::user_shutdown);
}

log_ids http_connection::ids() const {
  return exchange_ ? log_ids{session_, run_, exchange_->request().request_id} : log_ids{};
}

void http_connection::ended() {
  if (phase_ == phase::answering || phase_ == phase::streaming)
    log_answer("cut off");
  // Its memory stays as long as anybody has a handle, a run that it read perhaps: what is in it goes now.
  exchange_.reset();
  stream_.reset();
  timer_.reset();
  log_ = nullptr;
  out_ = {};
  parser_ = wire::request_parser{service_->settings.requests};
  place_.reset();
  // Whoever runs this has a reference of its own.
  alive_.reset();
}

void http_connection::drain() {
  step([this] {
    if (phase_ == phase::reading && stage_ == wire::request_parser::stage::nothing && stream_->unsent() == 0)
      end();
  });
}

void http_connection::close() {
  step([this] { end(); });
}

void http_connection::after_batch() {
  if (ending_)
    return;
  take_requests();
  if (ending_)
    return;
  flush();
  if (phase_ != phase::answering && phase_ != phase::streaming)
    exchange_.reset();
  if (phase_ == phase::lingering) {
    if (!std::exchange(finished_, true))
      stream_->finish();
    if (half_closed_ && stream_->unsent() == 0)
      return end();
  }
  // A piece of a run changes nothing about it.
  if (phase_ != phase::streaming || std::exchange(look_ahead_, false))
    pause_or_resume();
  set_timer();
}

void http_connection::pause_or_resume() {
  auto pause = phase_ == phase::reading ? stream_->unsent() > max_unsent_ahead
                                        : parser_.buffered() > service_->settings.requests.header_bytes;
  if (pause == std::exchange(reading_paused_, pause))
    return;
  if (pause)
    stream_->pause_reading();
  else
    stream_->resume_reading();
}

void http_connection::enter(phase next) {
  phase_ = next;
  look_ahead_ = true;
  switch (next) {
  case phase::opening:
    break;
  case phase::reading:
    stage_ = wire::request_parser::stage::nothing;
    deadline_ = loop_.now() + service_->settings.idle_timeout;
    break;
  case phase::answering:
  case phase::streaming:
  case phase::upgraded:
    deadline_ = never;
    break;
  case phase::lingering:
    deadline_ = loop_.now() + linger_time;
    break;
  }
}

// == The socket ======================================================================================================

void http_connection::opened() {
  step([this] {
    if (refused_) {
      begin_exchange({});
      last_ = true;
      refuse({ec::unavailable, "The server has as many connections as it can serve.", {}});
      return;
    }
    auto deadline = deadline_;
    enter(phase::reading);
    // The first request must come sooner than a later one.
    deadline_ = deadline;
  });
}

void http_connection::received(std::string_view bytes) {
  step([this, bytes] {
    look_ahead_ = true;
    if (phase_ != phase::lingering)
      parser_.feed(bytes);
    else if ((lingered_bytes_ += bytes.size()) > max_lingered_bytes)
      end();
  });
}

void http_connection::peer_closed() {
  step([this] {
    half_closed_ = true;
    // A client that stops to listen to a stream closes; one that waits for an answer may well end its direction.
    if (phase_ == phase::opening || phase_ == phase::streaming || (phase_ == phase::answering && exchange_->ends_with_client()))
      end();
  });
}

void http_connection::drained() {
  step([] {});
}

void http_connection::broken(std::string_view why) {
  step([this, why] {
    spdlog::debug("a connection broke: {}", why);
    end();
  });
}

// == Requests ========================================================================================================

void http_connection::take_requests() {
  for (int taken = 0; phase_ == phase::reading && stream_->unsent() <= max_unsent_ahead; ++taken) {
    if (taken == max_requests_per_batch) {
      loop_.post([self = alive_, this] { step([] {}); });
      return;
    }
    auto next = parser_.next();
    if (!next) {
      refuse_unread(next.error());
    } else if (*next) {
      serve(std::move(**next));
    } else if (half_closed_) {
      enter(phase::lingering);
    } else {
      if (parser_.take_expectation())
        out_ += "HTTP/1.1 100 Continue\r\n\r\n";
      return;
    }
    flush();
  }
}

void http_connection::begin_exchange(http_request request) {
  if (auto given = request.header("x-request-id"); is_request_id(given))
    request.request_id = given;
  else
    request.request_id = uuid_to_string(new_uuid());
  asked_at_ = loop_.now();
  last_ = !request.keep_alive;
  exchange_ = std::make_unique<one_exchange>(*this, std::move(request));
  enter(phase::answering);
}

void http_connection::refuse_unread(const failure& why) {
  http_request known;
  if (auto* begun = parser_.begun()) {
    known.method = begun->method;
    known.path = begun->path;
  }
  begin_exchange(std::move(known));
  last_ = true;
  refuse(why);
}

void http_connection::serve(http_request request) {
  begin_exchange(std::move(request));
  try {
    service_->serve(*exchange_);
  } catch (...) {
    refuse({ec::internal, note_exception(), {}});
  }
}

// == Time ============================================================================================================

void http_connection::set_timer() {
  using stage = wire::request_parser::stage;
  if (phase_ == phase::reading && stage_ != parser_.at()) {
    stage_ = parser_.at();
    auto& settings = service_->settings;
    deadline_ = loop_.now()
                + (stage_ == stage::nothing  ? settings.idle_timeout
                   : stage_ == stage::header ? settings.header_timeout
                                             : settings.body_timeout);
  }
  if (stream_->unsent() == 0) {
    write_deadline_ = never;
  } else if (write_deadline_ == never) {
    sent_ = stream_->sent();
    write_deadline_ = loop_.now() + service_->settings.write_timeout;
  }
  if (phase_ == phase::streaming && write_deadline_ == never)
    return;
  if (auto next = std::min(deadline_, write_deadline_); next != never)
    timer_->set(next);
}

void http_connection::on_timer() {
  auto now = loop_.now();
  if (now >= write_deadline_) {
    if (stream_->sent() == sent_) {
      report_dropped_reader(reader_drop::write_timeout, ids());
      return end();
    }
    sent_ = stream_->sent();
    write_deadline_ = now + service_->settings.write_timeout;
  }
  if (now < deadline_)
    return;
  switch (phase_) {
  case phase::opening:
    return end();
  case phase::reading:
    if (stage_ == wire::request_parser::stage::nothing && stream_->unsent() == 0)
      return end();
    if (stage_ == wire::request_parser::stage::nothing) {
      // It still reads what it was sent: not idle.
      deadline_ = now + service_->settings.idle_timeout;
      return;
    }
    refuse_unread({ec::request_timeout, "The request took too long to come.", {}});
    exchange_.reset();
    return;
  case phase::answering:
  case phase::streaming:
  case phase::upgraded:
    return;
  case phase::lingering:
    if (stream_->unsent() == 0)
      return end();
    deadline_ = now + linger_time;
    return;
  }
}

void http_connection::log_answer(std::string_view note) const {
  log_access(checked(exchange_.get(), "an answer is to a request").request(), status_, loop_.now() - asked_at_, note);
}

} // namespace parley::net
