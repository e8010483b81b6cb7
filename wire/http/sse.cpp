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

} // namespace

expected<void> sse_decoder::feed(std::string_view bytes, const on_event& handle) {
  auto too_large = [] { return fail(ec::upstream_malformed, "The provider sent an event that is too large."); };
  auto at = bytes.data();
  auto end = at + bytes.size();
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
    if (pending_line_.size() + line.size() > limit_)
      return too_large();
    if (line_end == end) {
      pending_line_ += line;
      break;
    }
    after_cr_ = *line_end == '\r';
    at = line_end + 1;
    auto assembled = !pending_line_.empty();
    if (assembled)
      line = pending_line_ += line;
    if (std::exchange(at_start_, false) && line.starts_with(byte_order_mark))
      line.remove_prefix(byte_order_mark.size());
    if (!line.empty()) {
      if (!take_field(line))
        return too_large();
      if (assembled) {
        if (!data_in_feed_.empty()) // it lies in the assembled line, or before it: keep it
          data_ = std::exchange(data_in_feed_, {});
        pending_line_.clear();
      }
      continue;
    }
    pending_line_.clear();
    auto wants_more = !has_data_ || handle(event_, data_in_feed_.empty() ? std::string_view{data_} : data_in_feed_);
    has_data_ = false;
    event_.clear();
    data_.clear();
    data_in_feed_ = {};
    if (!wants_more)
      return {};
  }
  if (!data_in_feed_.empty())
    data_ = std::exchange(data_in_feed_, {});
  return {};
}

bool sse_decoder::take_field(std::string_view line) {
  if (line.front() == ':')
    return true;
  auto [name, value] = split_field(line);
  if (name == "event") {
    event_ = value;
  } else if (name == "data") {
    if (!std::exchange(has_data_, true)) {
      data_in_feed_ = value;
      return value.size() <= limit_;
    }
    if (!data_in_feed_.empty())
      data_ = std::exchange(data_in_feed_, {});
    if (data_.size() + 1 + value.size() > limit_)
      return false;
    data_ += '\n';
    data_ += value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    last_id_ = value;
  }
  return true; // whoever connects again knows best when: `retry` is passed over
}

std::string sse_decoder::unfinished_data() const {
  auto data = data_;
  if (auto [name, value] = split_field(pending_line_); name == "data") {
    if (has_data_)
      data += '\n';
    data += value;
  }
  return data;
}

} // namespace parley::wire
