#pragma once
// The frames of a WebSocket with permessage-deflate, until Beast has compressed them: one at a time, each from a delivery that
// may hold several. Who fills it bounds it, by `bytes`.

#include "actors/watching/api.hpp"
#include "core/check.hpp"
#include "wire/streams/ws_frames.hpp"

#include <cstddef>
#include <list>
#include <string_view>

namespace parley::net {

class frame_queue {
public:
  bool empty() const { return frames_.empty(); }

  /// Of all that is in it, also of frames that were taken from a delivery that is not done.
  std::size_t bytes() const { return bytes_; }

  /// True if it was empty: then the first frame is to be taken.
  bool push(frame_ptr frames) {
    bytes_ += frames->size();
    frames_.push_back(std::move(frames));
    return frames_.size() == 1;
  }

  /// The delivery that the next frame is in. It must be kept until that is written.
  const frame_ptr& first() const {
    check(!frames_.empty(), "frames are taken from a queue that has some");
    return frames_.front();
  }

  /// The next frame's payload.
  std::string_view take_payload() { return wire::payload_of_text_frame(*first(), taken_of_first_); }

  /// The frame that was taken last is written.
  void written() {
    if (taken_of_first_ < first()->size())
      return;
    taken_of_first_ = 0;
    bytes_ -= first()->size();
    frames_.pop_front();
  }

  void clear() {
    frames_.clear();
    bytes_ = taken_of_first_ = 0;
  }

private:
  std::list<frame_ptr> frames_;
  std::size_t bytes_ = 0;
  /// Where the next frame of the first delivery begins.
  std::size_t taken_of_first_ = 0;
};

} // namespace parley::net
