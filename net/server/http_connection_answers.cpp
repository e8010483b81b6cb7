// How a connection answers, and reads a run for its client. What it asks, its life and its deadlines are in http_connection.cpp.

#include "net/server/http_connection.hpp"

#include "core/check.hpp"
#include "net/server/error_response.hpp"
#include "net/server/response_head.hpp"

#include <caf/actor_cast.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace parley::net {

namespace {

/// A stream keeps an output buffer of that size; a larger one is let go.
constexpr std::size_t kept_output_bytes = 4096;

} // namespace

void http_connection::append_head(int status, std::string_view content_type) {
  const auto& request = checked(exchange_.get(), "an answer is to a request").request();
  // What the client has sent ahead is answered before a half-closed connection ends.
  if (service_->draining || (half_closed_ && parser_.buffered() == 0))
    last_ = true;
  status_ = status;
  append_status(out_, status);
  append_field(out_, "X-Request-Id", request.request_id);
  if (last_)
    out_ += "Connection: close\r\n";
  else if (request.http_1_0)
    out_ += "Connection: keep-alive\r\n";
  if (!content_type.empty())
    append_field(out_, "Content-Type", content_type);
  for (auto& [name, value] : exchange_->added_headers())
    append_field(out_, name, value);
}

void http_connection::answer(const http_response& response) {
  if (phase_ != phase::answering)
    return;
  auto has_body = response.status != 204 && response.status != 304;
  append_head(response.status, has_body ? std::string_view{response.content_type} : std::string_view{});
  for (auto& [name, value] : response.headers)
    append_field(out_, name, value);
  if (has_body) {
    out_ += "Content-Length: ";
    out_ += std::to_string(response.body.size());
    out_ += "\r\n";
  }
  out_ += "\r\n";
  if (has_body && exchange_->request().method != "HEAD")
    out_ += response.body;
  response_complete();
}

void http_connection::refuse(const failure& why) {
  if (phase_ != phase::answering)
    return;
  const auto& id = exchange_->request().request_id;
  auto write = service_->errors_of ? service_->errors_of(exchange_->request().path) : error_response;
  auto response = write(why, id);
  if (response.status == 500)
    spdlog::error("request={} failed: {}", id, why.message);
  answer(response);
}

void http_connection::response_complete() {
  log_answer();
  // A stream that began before the drain didn't announce it.
  enter(last_ || service_->draining ? phase::lingering : phase::reading);
}

void http_connection::stream(const run_opened& run, const wire::stream_encoder& format) {
  if (phase_ != phase::answering)
    return;
  const auto& request = exchange_->request();
  // HTTP/1.0 knows no chunks: there, the body ends with the connection.
  chunked_ = !request.http_1_0;
  if (!chunked_)
    last_ = true;
  append_head(200, format.content_type());
  for (auto& [name, value] : format.headers())
    append_field(out_, name, value);
  if (run.session_key)
    append_turn(out_, run);
  out_ += "Cache-Control: no-cache, no-transform\r\n"
          "X-Accel-Buffering: no\r\n";
  if (chunked_)
    out_ += "Transfer-Encoding: chunked\r\n";
  out_ += "\r\n";
  if (request.method == "HEAD")
    return response_complete();
  enter(phase::streaming);
  log_ = run.log;
  session_ = run.session_key;
  run_ = run.run;
  unwritten_ = owed_ = 0;
  monitor(log_);
  send(log_, attach_reader{caf::actor_cast<reader_actor>(alive_), ++stream_number_, &format, run.from, &loop_, this});
}

void http_connection::take(const log_piece& piece) {
  step_while_held([&] { take_piece(piece); });
}

void http_connection::upgrade(const std::function<void(taken_connection)>& taker) {
  if (phase_ != phase::answering)
    return;
  if (service_->draining)
    return refuse({ec::unavailable, "This node is shutting down.", {}});
  if (half_closed_)
    return end();
  // The answers to what came before go first.
  flush();
  if (std::exchange(reading_paused_, false))
    stream_->resume_reading();
  status_ = 101;
  log_answer();
  enter(phase::upgraded);
  taker({std::move(stream_), parser_.take_buffered(), std::move(place_)});
  end();
}

void http_connection::take_piece(const log_piece& piece) {
  if (phase_ != phase::streaming || piece.stream != stream_number_)
    return;
  if (!piece.bytes && !piece.ends) {
    // The run is gone: a body without its end says so.
    report_dropped_reader(reader_drop::defect, ids());
    flush();
    end();
    return;
  }
  if (piece.bytes && !piece.bytes->empty()) {
    if (chunked_)
      append_chunk(out_, *piece.bytes);
    else
      out_ += *piece.bytes;
    unwritten_ += piece.bytes->size();
  }
  if (piece.ends) {
    if (chunked_)
      out_ += "0\r\n\r\n";
    demonitor(log_.address());
    log_ = nullptr;
    response_complete();
  }
}

void http_connection::flush() {
  if (!out_.empty()) {
    stream_->write(out_);
    out_.clear();
    if (phase_ != phase::streaming || out_.capacity() > kept_output_bytes)
      std::string{}.swap(out_);
  }
  if (phase_ != phase::streaming)
    return;
  auto waiting = std::min(unwritten_, stream_->unsent());
  owed_ += unwritten_ - waiting;
  unwritten_ = waiting;
  if (owed_ >= service_->settings.reader_window_bytes / 2) {
    check(bool(log_), "a stream has a log");
    send(log_, reader_credit{stream_number_, std::exchange(owed_, 0)});
  }
}

} // namespace parley::net
