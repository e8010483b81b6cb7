// Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html), each with its cursor for an id.

#include "wire/objects/json_fields.hpp"
#include "wire/streams/event_fields.hpp"
#include "wire/streams/stream_encoders.hpp"

namespace parley::wire {

namespace {

/// `id: <cursor>\ndata: {"participant":"a","type":"text"` and the fields follow.
void begin_event(std::string& out, const event_place& at, event_kind kind) {
  event_head head;
  head << "id: " << cursor{at.run, at.offset} << "\ndata: {\"participant\":\"" << letter(at.who) << "\",\"type\":\""
       << type_of(kind) << '"';
  out += head.view();
}

class sse_encoder final : public stream_encoder {
public:
  constexpr sse_encoder() = default;

  std::string_view name() const override { return "sse"; }

  bool resumes() const override { return true; }

  void delta(std::string& out, const event_place& at, event_kind kind, std::string_view content) const override {
    out.reserve(out.size() + sizeof(event_head) + content.size()); // all of it at once, if little is escaped
    begin_event(out, at, kind);
    out += ",\"content\":\"";
    append_json_escaped(out, content);
    out += "\"}\n\n";
  }

  void event(std::string& out, const event_place& at, const answer_event& what) const override {
    begin_event(out, at, kind_of(what));
    append_more_event_fields(out, what);
    out += "}\n\n";
  }

  void end(std::string& out, bool) const override { out += "data: {\"type\":\"turn_done\"}\n\n"; }
};

constexpr sse_encoder the_events;

} // namespace

const stream_encoder& sse_stream() {
  return the_events;
}

} // namespace parley::wire
