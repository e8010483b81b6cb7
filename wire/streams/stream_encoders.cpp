#include "wire/streams/stream_encoders.hpp"

#include "wire/http/header_values.hpp"

#include <algorithm>
#include <array>

namespace parley::wire {

namespace {

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

std::span<const stream_encoder* const, stream_encoder_count> stream_encoders() {
  static const auto all = std::to_array<const stream_encoder*>({
    &lines_stream(),
    &sse_stream(),
    &simple_stream(),
    &ws_stream(),
    &ui_message_stream(),
    &openai_stream(),
    &openai_usage_stream(),
    &anthropic_stream(),
  });
  return all;
}

std::optional<std::size_t> slot_of(const stream_encoder& format) {
  auto all = stream_encoders();
  auto found = std::find(all.begin(), all.end(), &format);
  if (found == all.end())
    return std::nullopt;
  return static_cast<std::size_t>(found - all.begin());
}

const stream_encoder& choose_encoder(std::string_view header) {
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
    return lines_stream();
  return ui_message >= sse ? ui_message_stream() : sse_stream();
}

} // namespace parley::wire
