#include "wire/http/sse.hpp"

#include <cstring>
#include <utility>

namespace parley::wire {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

const char* find_byte(const char* from, const char* end, char wanted) {
  auto found = from == end ? nullptr : std::memchr(from, wanted, static_cast<std::size_t>(end - from));
  return found ? static_cast<const char*>(found) : end;
}

std::string_view between(const char* from, const char* to) {
  return {from, static_cast<std::size_t>(to - from)};
}

/// Name and value of a line that is neither empty nor a comment. Without a colon it is all name.
std::pair<std::string_view, std::string_view> split_field(std::string_view line) {
  auto colon = line.find(':');
  if (colon == std::string_view::npos)
    return {line, {}};
  auto value = line.substr(colon + 1);
  if (value.starts_with(' '))
    value.remove_prefix(1);
  return {line.substr(0, colon), value};
}

/// On return `text` lies in `place`. It may have before.
void copy_into(std::string& place, std::string_view& text) {
  if (text.data() != place.data())
    place = text;
  text = place;
}

} // namespace

expected<void> sse_decoder::feed(std::string_view bytes, const on_event& handle) {
  auto too_large = [] { return fail(ec::upstream_malformed, "The provider sent an event that is too large."); };
  auto at = bytes.data();
  auto end = at + bytes.size();
  auto event = std::exchange(within_event_, false) ? kept_->event : incoming{};
  // Searched anew only when passed: a body of nothing but CRs must not be searched to its end for each of them.
  auto line_feed = find_byte(at, end, '\n');
  while (at != end) {
    if (std::exchange(after_cr_, false) && *at == '\n') {
      ++at;
      continue;
    }
    if (line_feed < at)
      line_feed = find_byte(at, end, '\n');
    auto line_end = find_byte(at, line_feed, '\r');
    auto line = between(at, line_end);
    if ((within_line_ ? kept_->line.size() : 0) + line.size() > limit_)
      return too_large();
    if (line_end == end) {
      if (!std::exchange(within_line_, true))
        kept().line.clear();
      kept_->line += line;
      break;
    }
    after_cr_ = *line_end == '\r';
    at = line_end + 1;
    auto assembled = std::exchange(within_line_, false);
    if (assembled)
      line = kept_->line += line;
    if (std::exchange(at_start_, false) && line.starts_with(byte_order_mark))
      line.remove_prefix(byte_order_mark.size());
    if (!line.empty()) {
      if (!take_field(line, event))
        return too_large();
      if (assembled)
        keep(event);
      continue;
    }
    auto wants_more = !event.has_data || handle(event.name, event.data);
    event = {};
    if (!wants_more)
      return {};
  }
  within_event_ = event.has_data || !event.name.empty();
  if (within_event_)
    keep(event);
  return {};
}

bool sse_decoder::take_field(std::string_view line, incoming& event) {
  if (line.front() == ':')
    return true;
  auto [name, value] = split_field(line);
  if (name == "event") {
    event.name = value;
  } else if (name == "data") {
    if (!std::exchange(event.has_data, true)) {
      event.data = value;
      return value.size() <= limit_;
    }
    if (event.data.size() + 1 + value.size() > limit_)
      return false;
    auto& data = kept().data;
    copy_into(data, event.data);
    data += '\n';
    data += value;
    event.data = data;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    kept().last_id = value;
  }
  return true; // whoever connects again knows best when: `retry` is passed over
}

sse_decoder::kept_parts& sse_decoder::kept() {
  if (!kept_)
    kept_ = std::make_unique<kept_parts>();
  return *kept_;
}

void sse_decoder::keep(incoming& event) {
  auto& to = kept();
  copy_into(to.name, event.name);
  copy_into(to.data, event.data);
  to.event = event;
}

std::string sse_decoder::unfinished_data() const {
  auto event = within_event_ ? kept_->event : incoming{};
  std::string data{event.data};
  if (!within_line_)
    return data;
  if (auto [name, value] = split_field(kept_->line); name == "data") {
    if (event.has_data)
      data += '\n';
    data += value;
  }
  return data;
}

} // namespace parley::wire
