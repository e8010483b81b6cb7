#include "wire/streams/event_fields.hpp"

#include "wire/objects/json_fields.hpp"

#include <type_traits>

namespace parley::wire {

namespace {

// One for each event: a new one doesn't compile until it has its kind.
event_kind kind_of_one(const answer_delta& x) {
  return x.kind;
}

event_kind kind_of_one(const tool_call_begin&) {
  return event_kind::tool_call_begin;
}

event_kind kind_of_one(const tool_call_delta&) {
  return event_kind::tool_call_delta;
}

event_kind kind_of_one(const tool_call&) {
  return event_kind::tool_call;
}

event_kind kind_of_one(const answer_restart&) {
  return event_kind::restart;
}

event_kind kind_of_one(const answer_finish&) {
  return event_kind::finish;
}

void append_finish_fields(std::string& out, const answer_finish& finish) {
  append_field(out, "finishReason", name(finish.reason));
  out += ',';
  append_field(out, "messageId", to_string(finish.message));
  out += ",\"usage\":";
  append_usage(out, finish.usage);
  if (finish.error) {
    out += ',';
    append_field(out, "error", finish.error->message);
    out += ',';
    append_field(out, "code", name(finish.error->code));
  }
  if (!finish.stored)
    out += R"(,"stored":false)";
}

/// `,"args":` and the JSON value that the model wrote; a string where it wrote no valid JSON.
void append_args(std::string& out, std::string_view arguments) {
  out += ",\"args\":";
  if (!append_arguments(out, arguments))
    append_string(out, arguments);
}

} // namespace

event_kind kind_of(const answer_event& event) {
  return std::visit([](const auto& x) { return kind_of_one(x); }, event);
}

std::string_view type_of(event_kind kind) {
  switch (kind) {
  case event_kind::text:
    return "text";
  case event_kind::reasoning:
    return "reasoning";
  case event_kind::tool_call_begin:
    return "tool_call_begin";
  case event_kind::tool_call_delta:
    return "tool_call_delta";
  case event_kind::tool_call:
    return "tool_call";
  case event_kind::restart:
    return "restart";
  case event_kind::finish:
    return "finish";
  }
  return {};
}

void append_event_fields(std::string& out, const answer_event& event) {
  std::visit(
    [&](const auto& x) {
      using type = std::decay_t<decltype(x)>;
      if constexpr (std::is_same_v<type, answer_delta>) {
        append_field(out, "content", x.content);
      } else if constexpr (std::is_same_v<type, tool_call_begin>) {
        append_field(out, "toolCallId", x.id);
        out += ',';
        append_field(out, "toolName", x.name);
      } else if constexpr (std::is_same_v<type, tool_call_delta>) {
        append_field(out, "toolCallId", x.id);
        out += ',';
        append_field(out, "argsTextDelta", x.arguments);
      } else if constexpr (std::is_same_v<type, tool_call>) {
        append_field(out, "toolCallId", x.id);
        out += ',';
        append_field(out, "toolName", x.name);
        append_args(out, x.arguments);
      } else if constexpr (std::is_same_v<type, answer_finish>) {
        append_finish_fields(out, x);
      }
    },
    event);
}

void append_more_event_fields(std::string& out, const answer_event& event) {
  if (std::holds_alternative<answer_restart>(event))
    return;
  out += ',';
  append_event_fields(out, event);
}

} // namespace parley::wire
