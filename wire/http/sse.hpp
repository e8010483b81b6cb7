#pragma once
// Server-Sent Events, the receiving side: WHATWG HTML Living Standard, section 9.2 "Server-sent events".

#include "core/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
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

  /// `limit` is below 4 GiB.
  explicit sse_decoder(std::size_t limit) : limit_(static_cast<std::uint32_t>(limit)) {}

  /// `ec::upstream_malformed` for an event over the limit; afterwards the decoder must not be used. A line or an event's
  /// data that lies whole within `bytes` is not copied.
  expected<void> feed(std::string_view bytes, const on_event& handle);

  /// The data of the event under way: what the body's end would cut off.
  std::string unfinished_data() const;

  /// The newest `id`, also during the call for its event: where a reader that connects again goes on. Empty before the first.
  std::string last_id() const { return kept_ ? kept_->last_id : std::string{}; }

private:
  /// What has come of an event: views of the bytes being fed, or of what is kept.
  struct incoming {
    std::string_view name;
    std::string_view data;
    /// There is data, be it empty.
    bool has_data = false;
  };

  struct kept_parts {
    /// The beginning of a line whose end has not come.
    std::string line;
    std::string name;
    std::string data;
    /// The event whose name and data these are.
    incoming event;
    std::string last_id;
  };

  kept_parts& kept();

  /// A field of a line; false if it makes the event too large.
  bool take_field(std::string_view line, incoming& event);

  /// Copies the event's parts, because the bytes they lie in go.
  void keep(incoming& event);

  /// Most bytes of a line, and of an event's data.
  std::uint32_t limit_;
  /// The last line ended in CR: an LF that follows belongs to it.
  bool after_cr_ = false;
  /// No line has come yet: a BOM may.
  bool at_start_ = true;
  /// The last feed ended within a line; within an event, of which a line had come.
  bool within_line_ = false;
  bool within_event_ = false;
  /// Null until needed. Apart, because a read that brings whole events needs none of it (docs/performance.md, "What a chunk
  /// touches").
  std::unique_ptr<kept_parts> kept_;
};

} // namespace parley::wire
