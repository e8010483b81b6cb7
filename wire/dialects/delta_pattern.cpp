#include "wire/dialects/delta_pattern.hpp"

#include "core/text.hpp"

namespace parley::wire {

namespace {

/// A stream none of whose deltas is like the one before (each with a usage or an id of its own) isn't learned any more.
constexpr std::uint8_t most_in_vain = 8;

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
  parts found{event_name, json->substr(0, *at), json->substr(*at + text.size()), {}};
  if (!padding_.empty()) {
    auto key = '"' + std::string{padding_} + "\":\"";
    auto& after = found.after;
    if (auto begin = after.find(key); begin != std::string_view::npos && after.find(key, begin + 1) == std::string_view::npos) {
      begin += key.size();
      found.last = after.substr(after.find('"', begin));
      after = after.substr(0, begin);
    }
  }
  remember(found);
}

std::optional<std::string_view> delta_pattern::text_of(std::string_view event_name, std::string_view data) {
  auto [name, before, after, last] = learned();
  if (before.empty() || event_name != name || !data.starts_with(before))
    return std::nullopt;
  auto text = plain_string(data.substr(before.size()));
  auto rest = text && !text->empty() ? without_last_brace(data.substr(before.size() + text->size())) : std::nullopt;
  if (!rest || !rest->starts_with(after))
    return std::nullopt;
  rest->remove_prefix(after.size());
  if (!last.empty()) {
    auto padding = plain_string(*rest);
    if (!padding)
      return std::nullopt;
    rest->remove_prefix(padding->size());
  }
  if (*rest != last)
    return std::nullopt;
  in_vain_ = 0;
  return text;
}

delta_pattern::parts delta_pattern::learned() const {
  std::string_view rest{bytes_};
  auto take = [&rest](std::size_t size) {
    auto part = rest.substr(0, size);
    rest.remove_prefix(size);
    return part;
  };
  parts result;
  result.event_name = take(name_size_);
  result.before = take(before_size_);
  result.after = take(after_size_);
  result.last = rest;
  return result;
}

void delta_pattern::remember(const parts& what) {
  name_size_ = static_cast<std::uint32_t>(what.event_name.size());
  before_size_ = static_cast<std::uint32_t>(what.before.size());
  after_size_ = static_cast<std::uint32_t>(what.after.size());
  bytes_.clear();
  bytes_.append(what.event_name).append(what.before).append(what.after).append(what.last);
}

} // namespace parley::wire
