#pragma once
// Server-Sent Events, the receiving side: WHATWG HTML Living Standard, section 9.2 "Server-sent events".

#include "core/error.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace parley::wire {

/// Feed bytes, get events. Knows CR, LF and CRLF (also split over two reads), a BOM, comments, several `data:` lines.
/// An event that the body's end cuts off is dropped, as the standard says.
class sse_decoder {
public:
  /// `event` is empty where the stream names none; both are valid during the call only, and not checked for UTF-8.
  /// Returns false to stop: what is left of the bytes is ignored.
  using on_event = std::function<bool(std::string_view event, std::string_view data)>;

  explicit sse_decoder(std::size_t limit) : limit_(limit) {}

  /// `ec::upstream_malformed` for an event over the limit; afterwards the decoder must not be used. A line or an event's
  /// data that lies whole within `bytes` is not copied.
  expected<void> feed(std::string_view bytes, const on_event& handle);

  /// The data of the event under way: what the body's end would cut off.
  std::string unfinished_data() const;

  /// The newest `id`, also during the call for its event: where a reader that connects again goes on. Empty before the first.
  const std::string& last_id() const { return last_id_; }

private:
  /// A field of a line; false if it makes the event too large.
  bool take_field(std::string_view line);

  /// Most bytes of a line, and of an event's data.
  std::size_t limit_;
  /// The beginning of a line whose end has not come.
  std::string pending_line_;
  std::string event_;
  std::string last_id_;
  /// The data so far: either `data_`, or `data_in_feed_` while it is one line of the bytes being fed.
  std::string data_;
  std::string_view data_in_feed_;
  bool has_data_ = false;
  /// The last line ended in CR: an LF that follows belongs to it.
  bool after_cr_ = false;
  /// No line has come yet: a BOM may.
  bool at_start_ = true;
};

} // namespace parley::wire
