// The default format: one event a line, named as in the AI SDK's data stream protocol.

#include "wire/objects/json_fields.hpp"
#include "wire/streams/event_fields.hpp"
#include "wire/streams/stream_encoders.hpp"

namespace parley::wire {

namespace {

/// The kinds' letters.
constexpr char letter_of(event_kind kind) {
  switch (kind) {
  case event_kind::text:
    return '0';
  case event_kind::reasoning:
    return 'g';
  case event_kind::tool_call_begin:
    return 'b';
  case event_kind::tool_call_delta:
    return 'c';
  case event_kind::tool_call:
    return '9';
  case event_kind::restart:
    return '2';
  case event_kind::finish:
    return 'd';
  }
  return '2';
}

class lines_encoder final : public stream_encoder {
public:
  constexpr lines_encoder() = default;

  std::string_view name() const override { return "lines"; }

  std::string_view content_type() const override { return "text/plain; charset=utf-8"; }

  bool resumes() const override { return true; } // a client counts the lines

  void delta(std::string& out, const event_place& at, event_kind kind, std::string_view content) const override {
    out.reserve(out.size() + 32 + content.size()); // all of it at once, if little is escaped
    out += letter(at.who);
    out += letter_of(kind);
    out += ":{\"content\":\"";
    append_json_escaped(out, content);
    out += "\"}\n";
  }

  void event(std::string& out, const event_place& at, const answer_event& what) const override {
    auto kind = kind_of(what);
    out += letter(at.who);
    out += letter_of(kind);
    if (kind == event_kind::restart) {
      out += ":[{\"type\":\"restart\"}]\n";
      return;
    }
    out += ":{";
    append_event_fields(out, what);
    out += "}\n";
  }

  void heartbeat(std::string& out, participant who) const override {
    out += letter(who);
    out += "2:[{\"type\":\"heartbeat\"}]\n";
  }
};

constexpr lines_encoder the_lines;

} // namespace

const stream_encoder& lines_stream() {
  return the_lines;
}

} // namespace parley::wire
