// A run as WebSocket subscribers are told of it: frames, each a `delta` with one event, and the `message_update` of each answer
// that is in the store.

#include "wire/objects/json_fields.hpp"
#include "wire/streams/event_fields.hpp"
#include "wire/streams/stream_encoders.hpp"
#include "wire/streams/ws_frames.hpp"

namespace parley::wire {

namespace {

/// `{"type":"delta",…,"event":{"type":"text"` and the fields follow.
void begin_delta(std::string& out, const event_place& at, event_kind kind) {
  event_head head;
  head << R"({"type":"delta","cursor":")" << cursor{at.run, at.offset} << R"(","message_id":")" << at.answer << R"(","attempt":)"
       << static_cast<std::uint64_t>(at.attempt) << R"(,"participant":")" << letter(at.who) << R"(","event":{"type":")"
       << type_of(kind) << '"';
  out += head.view();
}

class ws_encoder final : public stream_encoder {
public:
  constexpr ws_encoder() = default;

  std::string_view name() const override { return "ws"; }

  bool resumes() const override { return true; }

  void delta(std::string& out, const event_place& at, event_kind kind, std::string_view content) const override {
    out.reserve(out.size() + sizeof(event_head) + content.size()); // all of it at once, if little is escaped
    append_text_frame(out, [&](std::string& payload) {
      begin_delta(payload, at, kind);
      payload += ",\"content\":\"";
      append_json_escaped(payload, content);
      payload += "\"}}";
    });
  }

  void event(std::string& out, const event_place& at, const answer_event& what) const override {
    append_text_frame(out, [&](std::string& payload) {
      begin_delta(payload, at, kind_of(what));
      append_more_event_fields(payload, what);
      payload += "}}";
    });
    // What is only in the spool isn't completed yet: that is told once it is in the store.
    if (at.stored)
      append_message_update(out, "completed", at.stored->whole());
  }

  void heartbeat(std::string&, participant) const override {} // pings keep the connection
};

constexpr ws_encoder the_frames;

} // namespace

const stream_encoder& ws_stream() {
  return the_frames;
}

} // namespace parley::wire
