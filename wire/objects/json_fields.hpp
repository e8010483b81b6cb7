#pragma once
// Writing the JSON of events by hand, for the stream formats alone: what a run tells its readers is encoded on the hot path.

#include "core/message.hpp"
#include "core/text.hpp"

#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace parley::wire {

inline void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

/// `"value"`, escaped.
inline void append_string(std::string& out, std::string_view value) {
  out += '"';
  append_json_escaped(out, value);
  out += '"';
}

/// `"name":"value"`, the value escaped.
inline void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += '"';
  out += name;
  out += "\":";
  append_string(out, value);
}

/// `{"promptTokens":9,"completionTokens":2,"source":"reported"}`, or `null`.
inline void append_usage(std::string& out, const std::optional<token_usage>& usage) {
  if (!usage) {
    out += "null";
    return;
  }
  out += "{\"promptTokens\":";
  append_number(out, static_cast<std::uint64_t>(usage->prompt_tokens));
  out += ",\"completionTokens\":";
  append_number(out, static_cast<std::uint64_t>(usage->completion_tokens));
  out += usage->reported ? R"(,"source":"reported"})" : R"(,"source":"estimated"})";
}

/// Appends the JSON value that a model wrote as the arguments of a tool call, on one line; an object if it wrote nothing. False,
/// and nothing is appended, if what it wrote is no JSON.
inline bool append_arguments(std::string& out, std::string_view arguments) {
  if (arguments.empty()) {
    out += "{}";
    return true;
  }
  if (!nlohmann::json::accept(arguments))
    return false;
  for (char c : arguments) // line breaks stand between tokens only
    out += c == '\n' || c == '\r' ? ' ' : c;
  return true;
}

} // namespace parley::wire
