#include "wire/dialects/event_stream_codec.hpp"

namespace parley::wire {

namespace {

void pass_on(event_kind kind, std::string_view text, answer_sink& sink) {
  if (kind == event_kind::text)
    sink.text(text);
  else
    sink.reasoning(text);
}

} // namespace

void event_stream_codec::feed(std::string_view bytes, answer_sink& sink) {
  if (done_)
    return;
  auto fed = decoder_.feed(bytes, [this, &sink](std::string_view name, std::string_view data) {
    if (!data.empty()) // some gateways keep a connection alive by empty events
      take_event(name, data, sink);
    return !done_;
  });
  if (!fed)
    give_up(fed.error().code, fed.error().message, sink);
}

void event_stream_codec::take_event(std::string_view name, std::string_view data, answer_sink& sink) {
  if (auto text = pattern_.text_of(name, data))
    return pass_on(pattern_.kind(), *text, sink);
  if (is_end_mark(data))
    return take_end_mark(sink);
  auto event = parse_object(data);
  if (!event)
    return give_up(ec::upstream_malformed, "The provider sent something that is not an event of its format.", sink);
  deeds_ = 0;
  shown_ = {};
  take(*event, name, sink);
  if (deeds_ == 1 && !shown_.empty())
    pattern_.learn(name, data, shown_kind_, shown_);
}

void event_stream_codec::show(event_kind kind, std::string_view text, answer_sink& sink) {
  if (text.empty())
    return;
  ++deeds_;
  shown_kind_ = kind;
  shown_ = text;
  pass_on(kind, text, sink);
}

void event_stream_codec::end(answer_sink& sink) {
  if (done_)
    return;
  // Some servers close right after their end mark, without the empty line that would complete the event.
  if (is_end_mark(decoder_.unfinished_data()))
    take_end_mark(sink);
  else
    give_up_truncated(sink);
}

void event_stream_codec::finish(finish_reason reason, answer_sink& sink) {
  done_ = true;
  sink.finished(reason);
}

void event_stream_codec::give_up(ec code, std::string_view message, answer_sink& sink) {
  done_ = true;
  sink.failed(code, message);
}

void event_stream_codec::give_up_truncated(answer_sink& sink) {
  give_up(ec::upstream_truncated, "The provider's stream ended before the answer did.", sink);
}

} // namespace parley::wire
