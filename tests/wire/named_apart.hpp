#pragma once
// The same stream for a codec that must read each event whole.

#include "wire/dialects/codec.hpp"
#include "wire/http/sse.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace parley::wire {

/// That stream's events, each with a name of its own, so that no `delta_pattern` fits; only `error` is kept, for it means
/// something. Nothing for a stream with an event that is too large.
inline std::optional<std::string> named_apart(std::string_view body) {
  std::string result;
  auto add_data = [&](std::string_view data) {
    for (std::size_t at = 0; at <= data.size();) {
      auto line = data.substr(at, data.find('\n', at) - at);
      if (at > 0)
        result += '\n';
      result += "data: ";
      result += line;
      at += line.size() + 1;
    }
  };
  int number = 0;
  sse_decoder decoder{max_event_bytes};
  auto fed = decoder.feed(body, [&](std::string_view name, std::string_view data) {
    result += "event: " + (name == "error" ? std::string{name} : std::to_string(++number)) + '\n';
    add_data(data);
    result += "\n\n";
    return true;
  });
  if (!fed)
    return std::nullopt;
  add_data(decoder.unfinished_data());
  return result;
}

} // namespace parley::wire
