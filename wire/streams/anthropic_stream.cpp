#include "wire/streams/anthropic_stream.hpp"

#include "wire/objects/anthropic_object.hpp"
#include "wire/objects/json_fields.hpp"

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

/// The block that ends before an event is the one before the event's own; `block` is a JSON object.
void append_block_end(std::string& out, const event_place& at) {
  if (at.closes == part_kind::none)
    return;
  begin_block_event(out, "content_block_stop", at.part - 1U);
  end_event(out);
}

void append_block_begin(std::string& out, const event_place& at, std::string_view block) {
  append_block_end(out, at);
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
  append_block_end(out, at);
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

} // namespace

void append_anthropic_begin(std::string& out, const event_place& at) {
  begin_event(out, "message_start");
  out += R"(,"message":{"id":")";
  out += anthropic_id(at.run);
  out += R"(","type":"message","role":"assistant",)";
  append_field(out, "model", at.model);
  // What the prompt took is known at the end only, and told there.
  out += R"(,"content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"output_tokens":0}})";
  end_event(out);
}

void append_anthropic_delta(std::string& out, const event_place& at, event_kind kind, std::string_view content) {
  bool is_text = kind == event_kind::text;
  if (at.opens)
    append_block_begin(out, at, is_text ? R"({"type":"text","text":""})" : R"({"type":"thinking","thinking":"","signature":""})");
  append_block_delta(out, at, is_text ? "text_delta" : "thinking_delta", is_text ? "text" : "thinking", content);
}

void append_anthropic_event(std::string& out, const event_place& at, const answer_event& event) {
  // A call that is whole was told in pieces, and what begins again can't be told at all: such a run doesn't.
  if (auto* begun = std::get_if<tool_call_begin>(&event))
    append_tool_use(out, at, *begun);
  else if (auto* grown = std::get_if<tool_call_delta>(&event))
    append_block_delta(out, at, "input_json_delta", "partial_json", grown->arguments);
  else if (auto* finish = std::get_if<answer_finish>(&event))
    append_finish(out, at, *finish);
}

void append_anthropic_heartbeat(std::string& out) {
  begin_event(out, "ping");
  end_event(out);
}

} // namespace parley::wire
