#include "config/option.hpp"

#include "config/units.hpp"
#include "core/overloaded.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace parley::config {

namespace {

using std::chrono::milliseconds;

std::string quoted(std::string_view text) {
  return "\"" + std::string{text} + "\"";
}

template <class Write>
std::optional<complaint> out_of_bounds(const option& which, std::int64_t value, Write write) {
  if (value >= which.least && value <= which.most)
    return std::nullopt;
  if (which.most == std::numeric_limits<std::int64_t>::max())
    return "must be at least " + write(which.least);
  return "must be between " + write(which.least) + " and " + write(which.most);
}

std::string write_count(std::int64_t value) {
  return std::to_string(value);
}

std::string write_milliseconds(std::int64_t value) {
  return write_duration(milliseconds{value});
}

std::optional<complaint> set(const option& which, std::string* place, const written_value& value) {
  auto text = std::get_if<std::string>(&value);
  if (!text)
    return "must be a text in quotes";
  if (!which.choices.empty() && std::find(which.choices.begin(), which.choices.end(), *text) == which.choices.end()) {
    std::string all;
    for (auto choice : which.choices)
      all += (all.empty() ? "" : ", ") + quoted(choice);
    return "must be one of " + all + ", not " + quoted(*text);
  }
  *place = *text;
  return std::nullopt;
}

std::optional<complaint> set(const option&, text_list* place, const written_value& value) {
  auto list = std::get_if<text_list>(&value);
  if (!list)
    return "must be a list of texts, such as [\"one\", \"two\"]";
  *place = *list;
  return std::nullopt;
}

std::optional<complaint> set(const option&, text_pairs* place, const written_value& value) {
  auto pairs = std::get_if<text_pairs>(&value);
  if (!pairs)
    return "must be a table of texts, such as { \"X-Team\" = \"blue\" }";
  *place = *pairs;
  return std::nullopt;
}

std::optional<complaint> set(const option& which, milliseconds* place, const written_value& value) {
  auto text = std::get_if<std::string>(&value);
  auto duration = text ? parse_duration(*text) : std::nullopt;
  if (!duration)
    return "must be a duration with its unit (ms, s, min or h), such as \"10s\"";
  if (auto why = out_of_bounds(which, duration->count(), write_milliseconds))
    return why;
  *place = *duration;
  return std::nullopt;
}

std::optional<complaint> set(const option& which, byte_size place, const written_value& value) {
  std::optional<std::int64_t> bytes;
  if (auto number = std::get_if<std::int64_t>(&value))
    bytes = *number;
  else if (auto text = std::get_if<std::string>(&value))
    bytes = parse_bytes(*text);
  if (!bytes)
    return "must be a number of bytes or a size with its unit (B, KiB, MiB or GiB), such as \"16KiB\"";
  if (auto why = out_of_bounds(which, *bytes, write_bytes))
    return why;
  *place.bytes = static_cast<std::size_t>(*bytes);
  return std::nullopt;
}

std::optional<complaint> set_number(const option& which, const written_value& value) {
  auto number = std::get_if<std::int64_t>(&value);
  return number ? out_of_bounds(which, *number, write_count) : "must be a whole number";
}

std::optional<complaint> set(const option& which, int* place, const written_value& value) {
  if (auto why = set_number(which, value))
    return why;
  *place = static_cast<int>(std::get<std::int64_t>(value));
  return std::nullopt;
}

std::optional<complaint> set(const option& which, std::optional<std::int64_t>* place, const written_value& value) {
  if (auto why = set_number(which, value))
    return why;
  *place = std::get<std::int64_t>(value);
  return std::nullopt;
}

std::optional<complaint> set(const option&, bool* place, const written_value& value) {
  auto flag = std::get_if<bool>(&value);
  if (!flag)
    return "must be true or false";
  *place = *flag;
  return std::nullopt;
}

text_list split_at_commas(std::string_view text) {
  text_list parts;
  while (!text.empty()) {
    auto comma = text.find(',');
    auto part = text.substr(0, comma);
    while (part.starts_with(' '))
      part.remove_prefix(1);
    while (part.ends_with(' '))
      part.remove_suffix(1);
    if (!part.empty())
      parts.emplace_back(part);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return parts;
}

/// A number if the text is one; else the text, which the option will refuse.
written_value number_or_text(std::string_view text) {
  std::int64_t number = 0;
  auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc{} && rest == text.data() + text.size())
    return number;
  return std::string{text};
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

} // namespace

std::optional<complaint> assign(const option& which, const written_value& value) {
  return std::visit([&](auto place) { return set(which, place, value); }, which.value);
}

std::optional<complaint> assign_text(const option& which, std::string_view text) {
  auto value = std::visit(overloaded{
                            [&](text_list*) -> written_value { return split_at_commas(text); },
                            [&](int*) { return number_or_text(text); },
                            [&](std::optional<std::int64_t>*) { return number_or_text(text); },
                            [&](bool*) -> written_value {
                              if (text == "true" || text == "false")
                                return text == "true";
                              return std::string{text};
                            },
                            [&](auto) -> written_value { return std::string{text}; },
                          },
                          which.value);
  return assign(which, value);
}

std::string show(const option& which) {
  if (which.secret)
    return std::visit(overloaded{[](std::string* text) { return text->empty() ? "not set" : "set"; }, [](auto) { return "set"; }},
                      which.value);
  return std::visit(overloaded{
                      [](std::string* text) { return quoted(*text); },
                      [](text_list* list) {
                        std::string all;
                        for (auto& entry : *list)
                          all += (all.empty() ? "" : ", ") + quoted(entry);
                        return "[" + all + "]";
                      },
                      // Headers may carry credentials: their names are enough.
                      [](text_pairs* pairs) {
                        std::string all;
                        for (auto& [key, _] : *pairs)
                          all += (all.empty() ? "" : ", ") + key;
                        return "{" + all + "}";
                      },
                      [](milliseconds* duration) { return quoted(write_duration(*duration)); },
                      [](byte_size size) { return quoted(write_bytes(static_cast<std::int64_t>(*size.bytes))); },
                      [](int* number) { return std::to_string(*number); },
                      [](std::optional<std::int64_t>* number) { return *number ? std::to_string(**number) : "not set"; },
                      [](bool* flag) -> std::string { return *flag ? "true" : "false"; },
                    },
                    which.value);
}

std::string_view section_of(std::string_view name) {
  return name.substr(0, name.find('.'));
}

std::string_view key_of(std::string_view name) {
  return name.substr(name.find('.') + 1);
}

std::string_view nearest(std::string_view wrong, const std::vector<std::string_view>& known) {
  std::string_view best;
  // Beyond a few letters a suggestion is a guess.
  auto best_distance = std::clamp<std::size_t>((wrong.size() + 1) / 2, 1, 4) + 1;
  for (auto name : known) {
    if (auto d = distance(wrong, name); d < best_distance) {
      best = name;
      best_distance = d;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view suggestion) {
  return suggestion.empty() ? "" : "; did you mean " + std::string{suggestion} + "?";
}

} // namespace parley::config
