#include "wire/objects/cursor.hpp"

#include "wire/objects/short_text.hpp"

#include <charconv>

namespace parley::wire {

std::string to_cursor(run_id run, std::uint64_t offset) {
  short_text<64> text;
  text << run << ':' << offset;
  return std::string{text.view()};
}

std::optional<cursor> parse_cursor(std::string_view text) {
  if (text.size() < 38 || text[36] != ':')
    return std::nullopt;
  auto run = parse_id<run_id>(text.substr(0, 36));
  auto digits = text.substr(37);
  if (!run || digits.size() > 19 || (digits.size() > 1 && digits[0] == '0'))
    return std::nullopt;
  cursor result{*run, 0};
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result.offset);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  return result;
}

} // namespace parley::wire
