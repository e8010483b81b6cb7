// Anthropic's message stream (https://docs.anthropic.com/en/docs/build-with-claude/streaming) as a format of runs without a
// session and with one answer, whose parts are its content blocks. Reasoning has no signature: what a provider signs, it signs
// for its own client.
//
// Calls that an upstream writes side by side are blocks that are open side by side. Anthropic's own stream has no such, but its
// clients put blocks together by their index, and take a block for whole at its stop: so the stop must wait.

#include "wire/objects/anthropic_object.hpp"
#include "wire/objects/json_fields.hpp"
#include "wire/streams/stream_encoders.hpp"

namespace parley::wire {

namespace {

/// `event: …`, `data: {"type":"…"`, and the fields follow.
void begin_event(std::string& out, std::string_view type) {
  out += "event: ";
  out += type;
  out += "\ndata: {\"type\":\"";
  out += type;
  out += '"';
}

void end_event(std::string& out) {
  out += "}\n\n";
}

void begin_block_event(std::string& out, std::string_view type, std::uint64_t index) {
  begin_event(out, type);
  out += ",\"index\":";
  append_number(out, index);
}

void append_block_ends(std::string& out, const event_place& at) {
  for (auto& ended : at.ends) {
    begin_block_event(out, "content_block_stop", ended.part);
    end_event(out);
  }
}

/// `block` is a JSON object.
void append_block_begin(std::string& out, const event_place& at, std::string_view block) {
  append_block_ends(out, at);
  begin_block_event(out, "content_block_start", at.part);
  out += ",\"content_block\":";
  out += block;
  end_event(out);
}

/// `field` of a delta of that type: `text` of a `text_delta`.
void append_block_delta(std::string& out, const event_place& at, std::string_view type, std::string_view field,
                        std::string_view text) {
  begin_block_event(out, "content_block_delta", at.part);
  out += R"(,"delta":{"type":")";
  out += type;
  out += "\",";
  append_field(out, field, text);
  out += '}';
  end_event(out);
}

void append_tool_use(std::string& out, const event_place& at, const tool_call_begin& call) {
  std::string block = R"({"type":"tool_use",)";
  append_field(block, "id", call.id);
  block += ',';
  append_field(block, "name", call.name);
  block += R"(,"input":{}})";
  append_block_begin(out, at, block);
}

void append_finish(std::string& out, const event_place& at, const answer_finish& finish) {
  append_block_ends(out, at);
  if (!is_success(finish.reason)) {
    auto why = finish.error.value_or(answer_error{ec::internal, "The answer did not come to its end."});
    out += "event: error\ndata: ";
    out += to_text(anthropic_error(why.code, why.message, {}));
    out += "\n\n";
    return;
  }
  begin_event(out, "message_delta");
  out += R"(,"delta":{"stop_reason":")";
  out += anthropic_stop_reason(finish.reason);
  out += R"(","stop_sequence":null},"usage":)";
  out += to_text(anthropic_usage(finish.usage));
  end_event(out);
  begin_event(out, "message_stop");
  end_event(out);
}

class anthropic_encoder final : public stream_encoder {
public:
  constexpr anthropic_encoder() = default;

  std::string_view name() const override { return "anthropic"; }

  std::string_view refusal_of_several() const override {
    return "A message stream is one answer; this run has several: read it in another format.";
  }

  void begin(std::string& out, const event_place& at) const override {
    begin_event(out, "message_start");
    out += R"(,"message":{"id":")";
    out += anthropic_id(at.run);
    out += R"(","type":"message","role":"assistant",)";
    append_field(out, "model", at.model);
    // What the prompt took is known at the end only, and told there.
    out += R"(,"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}})";
    end_event(out);
  }

  void delta(std::string& out, const event_place& at, event_kind kind, std::string_view content) const override {
    out.reserve(out.size() + 32 + content.size());
    bool is_text = kind == event_kind::text;
    if (at.opens)
      append_block_begin(out, at,
                         is_text ? R"({"type":"text","text":""})" : R"({"type":"thinking","thinking":"","signature":""})");
    append_block_delta(out, at, is_text ? "text_delta" : "thinking_delta", is_text ? "text" : "thinking", content);
  }

  void event(std::string& out, const event_place& at, const answer_event& what) const override {
    // A call that is whole was told in pieces, and what begins again can't be told at all: such a run doesn't.
    if (auto* begun = std::get_if<tool_call_begin>(&what))
      append_tool_use(out, at, *begun);
    else if (auto* grown = std::get_if<tool_call_delta>(&what))
      append_block_delta(out, at, "input_json_delta", "partial_json", grown->arguments);
    else if (auto* finish = std::get_if<answer_finish>(&what))
      append_finish(out, at, *finish);
  }

  void heartbeat(std::string& out, participant) const override {
    begin_event(out, "ping");
    end_event(out);
  }
};

constexpr anthropic_encoder the_blocks;

} // namespace

const stream_encoder& anthropic_stream() {
  return the_blocks;
}

} // namespace parley::wire
