#include "wire/dialects/delta_pattern.hpp"

#include "core/text.hpp"

namespace parley::wire {

namespace {

/// A stream none of whose deltas is like the one before (each with a usage or an id of its own) isn't learned any more.
constexpr int most_in_vain = 8;

/// A JSON string up to its closing quote; nothing if there is more to it than its bytes: an escape, or what isn't clean.
std::optional<std::string_view> plain_string(std::string_view json) {
  auto inside = json.substr(0, json.find('"'));
  if (inside.size() == json.size() || !is_plain_in_json(inside) || !is_clean_text(inside))
    return std::nullopt;
  return inside;
}

/// An object's end without its last brace and the spaces before it; nothing if that isn't what it ends in.
std::optional<std::string_view> without_last_brace(std::string_view json) {
  if (!json.ends_with('}'))
    return std::nullopt;
  json.remove_suffix(1);
  while (json.ends_with(' '))
    json.remove_suffix(1);
  return json;
}

/// Where the string that is all of `text` stands, if it does so once.
std::optional<std::size_t> only_place(std::string_view json, std::string_view text) {
  std::optional<std::size_t> found;
  for (auto at = json.find(text, 1); at != std::string_view::npos; at = json.find(text, at + 1)) {
    if (json[at - 1] != '"' || json.substr(at + text.size(), 1) != "\"")
      continue;
    if (found)
      return std::nullopt;
    found = at;
  }
  return found;
}

} // namespace

// Why the place is the right one: without a backslash anywhere, each string of the JSON text is its own bytes between two quotes,
// and nothing but a string has quotes. So if `"text"` stands there once, it is the string that the codec was given. And with
// another such string in its place the event's tokens are the same as before, but for that one.
void delta_pattern::learn(std::string_view event_name, std::string_view data, event_kind kind, std::string_view text) {
  if (in_vain_ == most_in_vain || text.empty() || data.find('\\') != std::string_view::npos || !is_clean_text(data))
    return;
  auto json = without_last_brace(data);
  auto at = json ? only_place(*json, text) : std::nullopt;
  if (!at)
    return;
  ++in_vain_;
  kind_ = kind;
  event_name_ = event_name;
  before_ = json->substr(0, *at);
  after_ = json->substr(*at + text.size());
  last_.clear();
  if (padding_.empty())
    return;
  auto key = '"' + std::string{padding_} + "\":\"";
  if (auto begin = after_.find(key); begin != std::string::npos && after_.find(key, begin + 1) == std::string::npos) {
    begin += key.size();
    last_ = after_.substr(after_.find('"', begin));
    after_.resize(begin);
  }
}

std::optional<std::string_view> delta_pattern::text_of(std::string_view event_name, std::string_view data) {
  if (before_.empty() || event_name != event_name_ || !data.starts_with(before_))
    return std::nullopt;
  auto text = plain_string(data.substr(before_.size()));
  auto rest = text && !text->empty() ? without_last_brace(data.substr(before_.size() + text->size())) : std::nullopt;
  if (!rest || !rest->starts_with(after_))
    return std::nullopt;
  rest->remove_prefix(after_.size());
  if (!last_.empty()) {
    auto padding = plain_string(*rest);
    if (!padding)
      return std::nullopt;
    rest->remove_prefix(padding->size());
  }
  if (*rest != last_)
    return std::nullopt;
  in_vain_ = 0;
  return text;
}

} // namespace parley::wire
