#pragma once
// Reading a provider's JSON, for the codecs alone. What has another type than expected counts as absent: providers add
// and vary, and a client must not lose an answer over it.

#include <cstdint>
#include <optional>
#include <simdjson.h>
#include <string_view>

namespace parley::wire {

/// An object, its texts made clean (`core/text.hpp`); nothing for what isn't JSON or no object. Valid until the thread's
/// next call: every thread has one parser for all its streams, so that an open stream costs no memory here. A sink must
/// therefore not feed another codec while it is called.
std::optional<simdjson::dom::object> parse_object(std::string_view json);

/// The string, or an empty one.
inline std::string_view string_in(simdjson::dom::element value) {
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

inline std::string_view string_at(simdjson::dom::object object, std::string_view key) {
  simdjson::dom::element value;
  return object.at_key(key).get(value) == simdjson::SUCCESS ? string_in(value) : std::string_view{};
}

inline std::optional<simdjson::dom::object> object_in(simdjson::dom::element value) {
  simdjson::dom::object object;
  return value.get(object) == simdjson::SUCCESS ? std::optional{object} : std::nullopt;
}

inline std::optional<simdjson::dom::object> object_at(simdjson::dom::object object, std::string_view key) {
  simdjson::dom::object found;
  return object.at_key(key).get(found) == simdjson::SUCCESS ? std::optional{found} : std::nullopt;
}

/// A count: an integer that isn't negative.
inline std::optional<std::int64_t> count_at(simdjson::dom::object object, std::string_view key) {
  std::int64_t number = 0;
  if (object.at_key(key).get(number) != simdjson::SUCCESS || number < 0)
    return std::nullopt;
  return number;
}

} // namespace parley::wire
