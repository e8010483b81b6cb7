// OpenAI's chat completion chunks (https://platform.openai.com/docs/api-reference/chat-streaming) as a format of runs without a
// session: a choice is a participant, by its index. Reasoning goes as `reasoning_content`, which OpenAI doesn't show at all and
// the servers compatible with it do. A choice that fails beside others ends with `"finish_reason":"error"` and an `error` of its
// own; where none succeeds, an event that is an error alone ends the stream, which the clients' libraries raise.

#include "wire/objects/json_fields.hpp"
#include "wire/objects/openai_object.hpp"
#include "wire/streams/stream_encoders.hpp"

namespace parley::wire {

namespace {

/// `data: {"id":…,"choices":[` and the choice follows.
void begin_chunk(std::string& out, const event_place& at) {
  out += R"(data: {"id":")";
  out += openai_id(at.run);
  out += R"(","object":"chat.completion.chunk","created":)";
  out += std::to_string(openai_created(at.run));
  out += R"(,"model":)";
  append_string(out, at.model);
  out += R"(,"system_fingerprint":null,"choices":[)";
}

/// `usage` is null in all chunks but the one that brings it.
void end_chunk(std::string& out, bool usage) {
  out += usage ? "],\"usage\":null}\n\n" : "]}\n\n";
}

/// `{"index":0,"delta":{` and what the first delta of an answer says beside the rest, which follows.
void begin_choice(std::string& out, const event_place& at, bool is_first) {
  out += R"({"index":)";
  out += std::to_string(at.who);
  out += R"(,"delta":{)";
  if (is_first)
    out += R"("role":"assistant",)";
}

/// `"content":"…"` in a chunk of its own.
void append_chunk(std::string& out, bool usage, const event_place& at, std::string_view field, std::string_view text) {
  begin_chunk(out, at);
  begin_choice(out, at, at.opens && at.part == 0);
  out += '"';
  out += field;
  out += "\":";
  append_string(out, text);
  out += R"(},"logprobs":null,"finish_reason":null})";
  end_chunk(out, usage);
}

void append_tool_call(std::string& out, bool usage, const event_place& at, const tool_call_begin& call) {
  begin_chunk(out, at);
  begin_choice(out, at, at.opens && at.part == 0);
  out += at.part == 0 ? R"("content":null,"tool_calls":[{"index":)" : R"("tool_calls":[{"index":)";
  out += std::to_string(call.index);
  out += R"(,"id":)";
  append_string(out, call.id);
  out += R"(,"type":"function","function":{"name":)";
  append_string(out, call.name);
  out += R"(,"arguments":""}}]},"logprobs":null,"finish_reason":null})";
  end_chunk(out, usage);
}

void append_tool_call(std::string& out, bool usage, const event_place& at, const tool_call_delta& grown) {
  begin_chunk(out, at);
  begin_choice(out, at, false);
  out += R"("tool_calls":[{"index":)";
  out += std::to_string(grown.index);
  out += R"(,"function":{"arguments":)";
  append_string(out, grown.arguments);
  out += R"(}}]},"logprobs":null,"finish_reason":null})";
  end_chunk(out, usage);
}

void append_error(std::string& out, const answer_finish& finish) {
  out += to_text(openai_error(finish.error.value_or(answer_error{ec::internal, "The answer did not come to its end."})));
}

void append_finish(std::string& out, bool usage, const event_place& at, const answer_finish& finish) {
  if (finish.run && finish.run->failed) {
    out += R"(data: {"error":)";
    append_error(out, finish);
    out += "}\n\n";
    return;
  }
  begin_chunk(out, at);
  begin_choice(out, at, false);
  if (at.part == 0) // an empty answer
    out += R"("role":"assistant","content":"")";
  out += R"(},"logprobs":null,"finish_reason":")";
  out += openai_finish_reason(finish.reason);
  out += '"';
  if (!is_success(finish.reason)) {
    out += R"(,"error":)";
    append_error(out, finish);
  }
  out += '}';
  end_chunk(out, usage);
  if (usage && finish.run && finish.run->usage) {
    begin_chunk(out, at);
    out += R"(],"usage":)";
    out += to_text(openai_usage(*finish.run->usage));
    out += "}\n\n";
  }
}

class openai_encoder final : public stream_encoder {
public:
  /// `usage` if the client asked for a chunk at the end that tells it.
  constexpr explicit openai_encoder(bool usage) : usage_(usage) {}

  std::string_view name() const override { return usage_ ? "openai_usage" : "openai"; }

  void delta(std::string& out, const event_place& at, event_kind kind, std::string_view content) const override {
    out.reserve(out.size() + 32 + content.size());
    append_chunk(out, usage_, at, kind == event_kind::text ? "content" : "reasoning_content", content);
  }

  void event(std::string& out, const event_place& at, const answer_event& what) const override {
    // A call that is whole was told in pieces, and what begins again can't be told at all: such a run doesn't.
    if (auto* begun = std::get_if<tool_call_begin>(&what))
      append_tool_call(out, usage_, at, *begun);
    else if (auto* grown = std::get_if<tool_call_delta>(&what))
      append_tool_call(out, usage_, at, *grown);
    else if (auto* finish = std::get_if<answer_finish>(&what))
      append_finish(out, usage_, at, *finish);
  }

  void end(std::string& out, bool failed) const override {
    if (!failed)
      out += "data: [DONE]\n\n";
  }

private:
  bool usage_;
};

constexpr openai_encoder the_chunks{false};
constexpr openai_encoder the_chunks_with_usage{true};

} // namespace

const stream_encoder& openai_stream() {
  return the_chunks;
}

const stream_encoder& openai_usage_stream() {
  return the_chunks_with_usage;
}

} // namespace parley::wire
