#pragma once
// A format in which a run is written to clients (`docs/protocol.md`, "Stream formats"). Each is one object, without state of its
// own: what it writes follows from the event and its place alone, so that all readers of a format share what was written once.
// `wire/streams/stream_encoders.hpp` lists them. Sans-I/O: all functions append to `out`.

#include "wire/streams/event_place.hpp"

#include <span>
#include <string>
#include <string_view>

namespace parley::wire {

struct response_header {
  std::string_view name;
  std::string_view value;
};

class stream_encoder {
public:
  stream_encoder(const stream_encoder&) = delete;
  stream_encoder& operator=(const stream_encoder&) = delete;

  /// For logs and tests; no other format has it.
  virtual std::string_view name() const = 0;

  /// The Content-Type of a response in this format.
  virtual std::string_view content_type() const { return "text/event-stream; charset=utf-8"; }

  /// What else such a response has in its header.
  virtual std::span<const response_header> headers() const { return {}; }

  /// What a client is told that asks for a run of several answers in a format that shows one only; empty for other formats.
  virtual std::string_view refusal_of_several() const { return {}; }
  bool shows_one_answer() const { return !refusal_of_several().empty(); }

  /// False if a reader must begin at the beginning, because nothing in the format says where it is.
  virtual bool resumes() const { return false; }

  /// What begins a stream, written as soon as there is a reader; `at` is before the first event.
  virtual void begin(std::string& /*out*/, const event_place& /*at*/) const {}

  /// Text or reasoning, the two kinds of the hot path. `content` is clean.
  virtual void delta(std::string& out, const event_place& at, event_kind kind, std::string_view content) const = 0;

  /// Any event but text and reasoning.
  virtual void event(std::string& out, const event_place& at, const answer_event& what) const = 0;

  /// What is sent after 15 s of silence.
  virtual void heartbeat(std::string& out, participant /*who*/) const { out += ": keep-alive\n\n"; }

  /// What ends a whole run's stream, after the last finish.
  virtual void end(std::string& /*out*/, bool /*failed*/) const {}

protected:
  constexpr stream_encoder() = default;
  ~stream_encoder() = default;
};

} // namespace parley::wire
