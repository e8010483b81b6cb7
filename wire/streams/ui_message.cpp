// The AI SDK's UI message stream, version 1 (https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol, "Data Stream Protocol"): one
// assistant's message as parts that begin, grow and end.
//
// A part is told open by the event before: text after text goes on, text after anything else begins a part. Calls of tools have
// ids of their own, and may grow side by side.

#include "wire/objects/json_fields.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <array>

namespace parley::wire {

namespace {

/// Ids tell parts apart that are open at once. Here it is one at a time, and one of a kind.
constexpr std::string_view part_of(event_kind kind) {
  return kind == event_kind::text ? "text" : "reasoning";
}

constexpr bool is_delta(event_kind kind) {
  return kind == event_kind::text || kind == event_kind::reasoning;
}

/// `data: {"type":"…"`, and the fields follow.
void begin_chunk(std::string& out, std::string_view type) {
  out += R"(data: {"type":")";
  out += type;
  out += '"';
}

void append_more_field(std::string& out, std::string_view name, std::string_view value) {
  out += ',';
  append_field(out, name, value);
}

void end_chunk(std::string& out) {
  out += "}\n\n";
}

void append_chunk(std::string& out, std::string_view type) {
  begin_chunk(out, type);
  end_chunk(out);
}

/// `text-start`, `reasoning-end`
void append_part_border(std::string& out, event_kind kind, std::string_view border) {
  begin_chunk(out, part_of(kind));
  out.pop_back();
  out += border;
  out += '"';
  append_more_field(out, "id", part_of(kind));
  end_chunk(out);
}

void begin_call_chunk(std::string& out, std::string_view type, std::string_view id) {
  begin_chunk(out, type);
  append_more_field(out, "toolCallId", id);
}

/// A session declares no tools: those that a model calls all the same are none that the client has types for.
void append_tool(std::string& out, std::string_view tool) {
  append_more_field(out, "toolName", tool);
  out += R"(,"dynamic":true)";
}

void append_call(std::string& out, const tool_call& call) {
  std::string input;
  bool valid = append_arguments(input, call.arguments);
  begin_call_chunk(out, valid ? "tool-input-available" : "tool-input-error", call.id);
  append_tool(out, call.name);
  out += ",\"input\":";
  if (valid) {
    out += input;
  } else {
    append_string(out, call.arguments);
    append_more_field(out, "errorText", "The model wrote no valid JSON.");
  }
  end_chunk(out);
}

/// `,"messageMetadata":{…}`: what the other formats say in their finish, but for what the chunks themselves say.
void append_metadata(std::string& out, const answer_finish& finish) {
  out += R"(,"messageMetadata":{)";
  append_field(out, "finishReason", name(finish.reason));
  out += ",\"usage\":";
  append_usage(out, finish.usage);
  if (finish.error)
    append_more_field(out, "code", name(finish.error->code));
  if (!finish.stored)
    out += R"(,"stored":false)";
  out += '}';
}

/// The client's hook takes nothing after an `error`, and an `abort` has no metadata: there, it goes before.
void append_finish(std::string& out, const answer_finish& finish) {
  append_chunk(out, "finish-step");
  if (is_success(finish.reason)) {
    begin_chunk(out, "finish");
    append_more_field(out, "finishReason", name(finish.reason));
    append_metadata(out, finish);
    end_chunk(out);
    return;
  }
  begin_chunk(out, "message-metadata");
  append_metadata(out, finish);
  end_chunk(out);
  if (finish.reason == finish_reason::cancelled) {
    append_chunk(out, "abort");
    return;
  }
  begin_chunk(out, "error");
  append_more_field(out, "errorText",
                    finish.error ? std::string_view{finish.error->message}
                                 : "The answer was interrupted; what came of it is kept.");
  end_chunk(out);
}

constexpr std::array<response_header, 1> version_header{{{"x-vercel-ai-ui-message-stream", "v1"}}};

class ui_message_encoder final : public stream_encoder {
public:
  constexpr ui_message_encoder() = default;

  std::string_view name() const override { return "ui_message"; }

  std::span<const response_header> headers() const override { return version_header; }

  std::string_view refusal_of_several() const override {
    return "A UI message stream is one answer; this run has several: read it in another format.";
  }

  void begin(std::string& out, const event_place& at) const override {
    begin_chunk(out, "start");
    append_more_field(out, "messageId", to_string(at.answer));
    end_chunk(out);
    append_chunk(out, "start-step");
  }

  void delta(std::string& out, const event_place& at, event_kind kind, std::string_view content) const override {
    out.reserve(out.size() + 32 + content.size());
    if (at.before != kind) {
      if (is_delta(at.before))
        append_part_border(out, at.before, "-end");
      append_part_border(out, kind, "-start");
    }
    begin_chunk(out, kind == event_kind::text ? "text-delta" : "reasoning-delta");
    append_more_field(out, "id", part_of(kind));
    append_more_field(out, "delta", content);
    end_chunk(out);
  }

  void event(std::string& out, const event_place& at, const answer_event& what) const override {
    if (is_delta(at.before))
      append_part_border(out, at.before, "-end");
    if (auto* begun = std::get_if<tool_call_begin>(&what)) {
      begin_call_chunk(out, "tool-input-start", begun->id);
      append_tool(out, begun->name);
      end_chunk(out);
    } else if (auto* grown = std::get_if<tool_call_delta>(&what)) {
      begin_call_chunk(out, "tool-input-delta", grown->id);
      append_more_field(out, "inputTextDelta", grown->arguments);
      end_chunk(out);
    } else if (auto* call = std::get_if<tool_call>(&what)) {
      append_call(out, *call);
    } else if (auto* finish = std::get_if<answer_finish>(&what)) {
      append_finish(out, *finish);
    } else if (std::holds_alternative<answer_restart>(what) && at.offset > 1) { // nothing is void at the beginning
      append_chunk(out, "finish-step");
      append_chunk(out, "start-step");
      begin_chunk(out, "data-restart");
      out += ",\"data\":{}";
      end_chunk(out);
    }
  }

  void end(std::string& out, bool) const override { out += "data: [DONE]\n\n"; }
};

constexpr ui_message_encoder the_message;

} // namespace

const stream_encoder& ui_message_stream() {
  return the_message;
}

} // namespace parley::wire
