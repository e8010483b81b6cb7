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

  explicit sse_decoder(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

  /// `ec::upstream_malformed` for an event over the limit; afterwards the decoder must not be used.
  expected<void> feed(std::string_view bytes, const on_event& handle);

private:
  std::size_t max_event_bytes_;
  std::string pending_line_;
  std::string event_;
  std::string data_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
};

} // namespace parley::wire
