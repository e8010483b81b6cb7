#pragma once
// What the codecs share whose format is a stream of Server-Sent Events with a JSON object each.

#include "wire/dialects/codec.hpp"
#include "wire/dialects/delta_pattern.hpp"
#include "wire/dialects/event_json.hpp"
#include "wire/http/sse.hpp"

namespace parley::wire {

/// Most calls of one answer, so that what a codec remembers of them is bounded.
constexpr std::size_t max_tool_calls = 128;

class alignas(64) event_stream_codec : public codec {
public:
  /// `padding`: see `delta_pattern`.
  explicit event_stream_codec(std::string_view padding = {}) : pattern_(padding) {}

  void feed(std::string_view bytes, answer_sink& sink) final;
  void end(answer_sink& sink) final;
  bool done() const final { return done_; }

protected:
  /// The object of an event, in order, until `finish` or `give_up` is called.
  virtual void take(simdjson::dom::object event, std::string_view event_name, answer_sink& sink) = 0;

  /// True for an event's data that isn't JSON but the format's end mark.
  virtual bool is_end_mark(std::string_view) const { return false; }

  /// The end mark came.
  virtual void take_end_mark(answer_sink& sink) = 0;

  /// Passes on text or reasoning, one string of the event; an empty one is nothing. An event that did this once and nothing else
  /// is learned: those like it are passed on without `take`.
  void show(event_kind kind, std::string_view text, answer_sink& sink);

  /// To be called where an event that may `show` does anything else: calls the sink, or changes what the codec remembers.
  void does_more() { ++deeds_; }

  /// Both end the answer.
  void finish(finish_reason reason, answer_sink& sink);
  void give_up(ec code, std::string_view message, answer_sink& sink);

  /// For an answer that ends before its reason.
  void give_up_truncated(answer_sink& sink);

private:
  void take_event(std::string_view name, std::string_view data, answer_sink& sink);

  // Up to the place of the pattern's bytes all that a read of learned deltas touches: one cache line.
  bool done_ = false;
  /// The kind of what the event being taken showed last, and what it did so far.
  event_kind shown_kind_ = event_kind::text;
  int deeds_ = 0;
  sse_decoder decoder_{max_event_bytes};
  delta_pattern pattern_;
  /// What it showed last.
  std::string_view shown_;
};

} // namespace parley::wire
