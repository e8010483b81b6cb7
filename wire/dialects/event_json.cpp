#include "wire/dialects/event_json.hpp"

#include "core/text.hpp"

#include <cstring>
#include <string>

namespace parley::wire {

std::optional<simdjson::dom::object> parse_object(std::string_view json) {
  static thread_local simdjson::dom::parser parser;
  static thread_local std::string repaired;
  // simdjson reads beyond the end; with a buffer of our own it needn't allocate one per event.
  static thread_local std::string padded;
  if (repair_json_text(json, repaired))
    json = repaired;
  if (padded.size() < json.size() + simdjson::SIMDJSON_PADDING)
    padded.resize(json.size() + simdjson::SIMDJSON_PADDING);
  std::memcpy(padded.data(), json.data(), json.size());
  simdjson::dom::object object;
  if (parser.parse(padded.data(), json.size(), false).get(object) != simdjson::SUCCESS)
    return std::nullopt;
  return object;
}

} // namespace parley::wire
