#include "wire/streams/stream_format.hpp"

#include "wire/http/header_values.hpp"
#include "wire/objects/cursor.hpp"
#include "wire/objects/json_fields.hpp"
#include "wire/objects/short_text.hpp"
#include "wire/streams/anthropic_stream.hpp"
#include "wire/streams/openai_stream.hpp"
#include "wire/streams/ui_message.hpp"
#include "wire/streams/ws_frames.hpp"

#include <algorithm>
#include <type_traits>

namespace parley::wire {

namespace {

/// The kinds' letters in the lines format, as in the AI SDK's data stream protocol.
constexpr char line_kind(event_kind kind) {
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

constexpr std::string_view sse_type(event_kind kind) {
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

event_kind kind_of(const answer_event& event) {
  return std::visit(
    [](const auto& x) {
      using type = std::decay_t<decltype(x)>;
      if constexpr (std::is_same_v<type, answer_delta>)
        return x.kind;
      else if constexpr (std::is_same_v<type, tool_call_begin>)
        return event_kind::tool_call_begin;
      else if constexpr (std::is_same_v<type, tool_call_delta>)
        return event_kind::tool_call_delta;
      else if constexpr (std::is_same_v<type, tool_call>)
        return event_kind::tool_call;
      else if constexpr (std::is_same_v<type, answer_restart>)
        return event_kind::restart;
      else
        return event_kind::finish;
    },
    event);
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

/// The fields of an event's JSON object, the same in lines and SSE.
void append_fields(std::string& out, const answer_event& event) {
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

/// `,` and the fields, if there are any.
void append_more_fields(std::string& out, const answer_event& event) {
  if (std::holds_alternative<answer_restart>(event))
    return;
  out += ',';
  append_fields(out, event);
}

/// Enough for what stands before an event's fields in any format.
using event_head = short_text<320>;

event_head& operator<<(event_head& head, const cursor& at) {
  return head << at.run << ':' << at.offset;
}

/// `id: <cursor>\ndata: {"participant":"a","type":"text"` and the fields follow.
void begin_sse(std::string& out, const event_place& at, event_kind kind) {
  event_head head;
  head << "id: " << cursor{at.run, at.offset} << "\ndata: {\"participant\":\"" << letter(at.who) << "\",\"type\":\""
       << sse_type(kind) << '"';
  out += head.view();
}

/// `{"type":"delta",…,"event":{"type":"text"` and the fields follow.
void begin_ws(std::string& out, const event_place& at, event_kind kind) {
  event_head head;
  head << R"({"type":"delta","cursor":")" << cursor{at.run, at.offset} << R"(","message_id":")" << at.answer << R"(","attempt":)"
       << static_cast<std::uint64_t>(at.attempt) << R"(,"participant":")" << letter(at.who) << R"(","event":{"type":")"
       << sse_type(kind) << '"';
  out += head.view();
}

void append_simple_error(std::string& out, const answer_finish& finish) {
  out += "data: {";
  append_field(out, "error", finish.error ? std::string_view{finish.error->message} : name(finish.reason));
  out += "}\n\n";
}

/// One range of an Accept header: its type, and its weight in thousandths (RFC 9110, section 12.4.2).
int weight_of(std::string_view range) {
  auto at = range.find("q=");
  if (at == std::string_view::npos)
    return 1000;
  auto text = range.substr(at + 2);
  int thousandths = 0;
  int unit = 1000;
  for (char c : text) {
    if (c == '.')
      continue;
    if (c < '0' || c > '9' || unit == 0)
      break;
    thousandths += (c - '0') * unit;
    unit /= 10;
  }
  return thousandths;
}

} // namespace

std::string_view content_type(stream_format format) {
  return format == stream_format::lines ? "text/plain; charset=utf-8" : "text/event-stream; charset=utf-8";
}

stream_format choose_format(std::string_view header) {
  int lines = -1;
  int sse = -1;
  int ui_message = -1;
  // Types and the weight's name are case-insensitive.
  any_of_list(to_lower(header), [&](std::string_view range) {
    auto type = trim(range.substr(0, range.find(';')));
    if (type == "text/event-stream" && range.find("format=ui-message") != std::string_view::npos)
      ui_message = std::max(ui_message, weight_of(range));
    else if (type == "text/event-stream")
      sse = std::max(sse, weight_of(range));
    else if (type == "text/plain" || type == "*/*" || type == "text/*")
      lines = std::max(lines, weight_of(range));
    return false;
  });
  // EventSource and most SSE clients send `text/event-stream` alone; some add `*/*` with the same weight.
  auto events = std::max(sse, ui_message);
  if (events <= 0 || events < lines)
    return stream_format::lines;
  return ui_message >= sse ? stream_format::ui_message : stream_format::sse;
}

void append_begin(std::string& out, stream_format format, const event_place& at) {
  if (format == stream_format::ui_message)
    append_ui_begin(out, at);
  else if (format == stream_format::anthropic)
    append_anthropic_begin(out, at);
}

void append_delta(std::string& out, stream_format format, const event_place& at, event_kind kind, std::string_view content) {
  // Room for all of it at once, if little is escaped.
  auto around = format == stream_format::sse || format == stream_format::ws ? sizeof(event_head) : 32;
  out.reserve(out.size() + around + content.size());
  switch (format) {
  case stream_format::lines:
    out += letter(at.who);
    out += line_kind(kind);
    out += ":{\"content\":\"";
    append_json_escaped(out, content);
    out += "\"}\n";
    return;
  case stream_format::sse:
    begin_sse(out, at, kind);
    out += ",\"content\":\"";
    append_json_escaped(out, content);
    out += "\"}\n\n";
    return;
  case stream_format::simple:
    if (kind != event_kind::text)
      return;
    out += "data: {\"content\":\"";
    append_json_escaped(out, content);
    out += "\"}\n\n";
    return;
  case stream_format::ws:
    append_text_frame(out, [&](std::string& payload) {
      begin_ws(payload, at, kind);
      payload += ",\"content\":\"";
      append_json_escaped(payload, content);
      payload += "\"}}";
    });
    return;
  case stream_format::ui_message:
    append_ui_delta(out, at, kind, content);
    return;
  case stream_format::openai:
  case stream_format::openai_usage:
    append_openai_delta(out, format, at, kind, content);
    return;
  case stream_format::anthropic:
    append_anthropic_delta(out, at, kind, content);
    return;
  }
}

void append_event(std::string& out, stream_format format, const event_place& at, const answer_event& event) {
  auto kind = kind_of(event);
  if (kind <= event_kind::reasoning)
    return append_delta(out, format, at, kind, std::get<answer_delta>(event).content);
  switch (format) {
  case stream_format::lines:
    out += letter(at.who);
    out += line_kind(kind);
    if (kind == event_kind::restart) {
      out += ":[{\"type\":\"restart\"}]\n";
      return;
    }
    out += ":{";
    append_fields(out, event);
    out += "}\n";
    return;
  case stream_format::sse:
    begin_sse(out, at, kind);
    append_more_fields(out, event);
    out += "}\n\n";
    return;
  case stream_format::simple:
    // Its only other events are the end's: what fails is told, what restarts cannot be.
    if (kind == event_kind::finish && !is_success(std::get<answer_finish>(event).reason))
      append_simple_error(out, std::get<answer_finish>(event));
    return;
  case stream_format::ws:
    append_text_frame(out, [&](std::string& payload) {
      begin_ws(payload, at, kind);
      append_more_fields(payload, event);
      payload += "}}";
    });
    return;
  case stream_format::ui_message:
    append_ui_event(out, at, event);
    return;
  case stream_format::openai:
  case stream_format::openai_usage:
    append_openai_event(out, format, at, event);
    return;
  case stream_format::anthropic:
    append_anthropic_event(out, at, event);
    return;
  }
}

void append_heartbeat(std::string& out, stream_format format, participant who) {
  if (format == stream_format::lines) {
    out += letter(who);
    out += "2:[{\"type\":\"heartbeat\"}]\n";
  } else if (format == stream_format::anthropic) {
    append_anthropic_heartbeat(out);
  } else if (format != stream_format::ws) { // there pings keep the connection
    out += ": keep-alive\n\n";
  }
}

void append_end(std::string& out, stream_format format, bool failed) {
  if (format == stream_format::sse)
    out += "data: {\"type\":\"turn_done\"}\n\n";
  else if (format == stream_format::simple && !failed)
    out += "data: {\"done\":true}\n\n";
  else if (format == stream_format::ui_message)
    append_ui_end(out);
  else if ((format == stream_format::openai || format == stream_format::openai_usage) && !failed)
    out += "data: [DONE]\n\n";
}

} // namespace parley::wire
