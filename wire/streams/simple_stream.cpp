// The body of `stream-simple`: an answer's text, and how it ended.

#include "wire/objects/json_fields.hpp"
#include "wire/streams/stream_encoders.hpp"

namespace parley::wire {

namespace {

class simple_encoder final : public stream_encoder {
public:
  constexpr simple_encoder() = default;

  std::string_view name() const override { return "simple"; }

  std::string_view refusal_of_several() const override {
    return "A simple stream is one answer; this run has several: read it in another format.";
  }

  void delta(std::string& out, const event_place&, event_kind kind, std::string_view content) const override {
    if (kind != event_kind::text)
      return;
    out.reserve(out.size() + 32 + content.size()); // all of it at once, if little is escaped
    out += "data: {\"content\":\"";
    append_json_escaped(out, content);
    out += "\"}\n\n";
  }

  /// What fails is told; what restarts can't be.
  void event(std::string& out, const event_place&, const answer_event& what) const override {
    auto* finish = std::get_if<answer_finish>(&what);
    if (!finish || is_success(finish->reason))
      return;
    out += "data: {";
    append_field(out, "error", finish->error ? std::string_view{finish->error->message} : parley::name(finish->reason));
    out += "}\n\n";
  }

  void end(std::string& out, bool failed) const override {
    if (!failed)
      out += "data: {\"done\":true}\n\n";
  }
};

constexpr simple_encoder the_simple;

} // namespace

const stream_encoder& simple_stream() {
  return the_simple;
}

} // namespace parley::wire
