#pragma once
// An event as a format writes it.

#include "wire/streams/event_fields.hpp"
#include "wire/streams/stream_encoders.hpp"

namespace parley::test {

inline void write(std::string& out, const wire::stream_encoder& format, const wire::event_place& at, const answer_event& event) {
  if (auto* delta = std::get_if<answer_delta>(&event))
    format.delta(out, at, delta->kind, delta->content);
  else
    format.event(out, at, event);
}

inline std::string written(const wire::stream_encoder& format, const wire::event_place& at, const answer_event& event) {
  std::string out = "|"; // what is there stays
  write(out, format, at, event);
  return out.substr(1);
}

} // namespace parley::test
