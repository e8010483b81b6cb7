#pragma once
// What the codecs share whose format is a stream of Server-Sent Events with a JSON object each.

#include "wire/codec.hpp"
#include "wire/event_json.hpp"
#include "wire/sse.hpp"

namespace parley::wire {

/// Most calls of one answer, so that what a codec remembers of them is bounded.
constexpr std::size_t max_tool_calls = 128;

class event_stream_codec : public codec {
public:
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

  /// Both end the answer.
  void finish(finish_reason reason, answer_sink& sink);
  void give_up(ec code, std::string_view message, answer_sink& sink);

  /// For an answer that ends before its reason.
  void give_up_truncated(answer_sink& sink);

private:
  sse_decoder decoder_{max_event_bytes};
  bool done_ = false;
};

} // namespace parley::wire
