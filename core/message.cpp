#include "core/message.hpp"

#include <array>
#include <utility>

namespace parley {

namespace {

template <class Enum, std::size_t N>
using name_table = std::array<std::pair<Enum, std::string_view>, N>;

constexpr name_table<session_mode, 3> modes{
  {{session_mode::direct, "direct"}, {session_mode::compare, "compare"}, {session_mode::random, "random"}}};

constexpr name_table<message_role, 3> roles{
  {{message_role::user, "user"}, {message_role::assistant, "assistant"}, {message_role::system, "system"}}};

constexpr name_table<message_status, 4> statuses{{{message_status::pending, "pending"},
                                                  {message_status::streaming, "streaming"},
                                                  {message_status::success, "success"},
                                                  {message_status::failed, "failed"}}};

constexpr name_table<finish_reason, 7> reasons{{{finish_reason::stop, "stop"},
                                                {finish_reason::length, "length"},
                                                {finish_reason::content_filter, "content-filter"},
                                                {finish_reason::tool_calls, "tool-calls"},
                                                {finish_reason::cancelled, "cancelled"},
                                                {finish_reason::interrupted, "interrupted"},
                                                {finish_reason::error, "error"}}};

constexpr name_table<stretch_kind, 4> stretch_kinds{{{stretch_kind::text, "text"},
                                                     {stretch_kind::reasoning, "reasoning"},
                                                     {stretch_kind::arguments, "arguments"},
                                                     {stretch_kind::whole_call, "whole-call"}}};

template <class Enum, std::size_t N>
std::string_view name_in(const name_table<Enum, N>& table, Enum value) {
  for (auto& [entry, text] : table)
    if (entry == value)
      return text;
  return {};
}

template <class Enum, std::size_t N>
std::optional<Enum> value_in(const name_table<Enum, N>& table, std::string_view text) {
  for (auto& [entry, entry_text] : table)
    if (entry_text == text)
      return entry;
  return std::nullopt;
}

} // namespace

std::string_view name(session_mode mode) {
  return name_in(modes, mode);
}

std::string_view name(message_role role) {
  return name_in(roles, role);
}

std::string_view name(message_status status) {
  return name_in(statuses, status);
}

std::string_view name(finish_reason reason) {
  return name_in(reasons, reason);
}

std::string_view name(stretch_kind kind) {
  return name_in(stretch_kinds, kind);
}

std::string name(const preference& choice) {
  if (choice.best)
    return std::string(1, letter(*choice.best));
  return choice.all_bad ? "both_bad" : "tie";
}

std::optional<preference> parse_preference(std::string_view text) {
  if (text == "tie")
    return preference{};
  if (text == "both_bad")
    return preference{std::nullopt, true};
  if (text.size() == 1 && text[0] >= letter(0) && text[0] < letter(max_participants))
    return preference{static_cast<participant>(text[0] - letter(0)), false};
  return std::nullopt;
}

std::optional<session_mode> parse_session_mode(std::string_view text) {
  return value_in(modes, text);
}

std::optional<message_role> parse_message_role(std::string_view text) {
  return value_in(roles, text);
}

std::optional<message_status> parse_message_status(std::string_view text) {
  return value_in(statuses, text);
}

std::optional<stretch_kind> parse_stretch_kind(std::string_view text) {
  return value_in(stretch_kinds, text);
}

std::optional<finish_reason> parse_finish_reason(std::string_view text) {
  return value_in(reasons, text);
}

} // namespace parley
