#pragma once
// Reading a request strictly: what is wrong is refused with the name of the field, what is unknown is passed over (older
// clients send more than we know).

#include "net/server/exchange.hpp"
#include "wire/objects/request_check.hpp"

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::net {

using wire::request_check;

/// Reads the fields of one JSON object. Each function says in `check` what is wrong; its result is of no use then.
/// A field that is null counts as absent.
class field_reader {
public:
  /// `where` stands before the names: `messages[0].`
  field_reader(request_check& check, const nlohmann::json& object, std::string where = {})
    : check_(check), object_(object), where_(std::move(where)) {}

  bool has(const char* name) const { return find(name) != nullptr; }

  std::string text(const char* name);
  std::optional<std::string> optional_text(const char* name);

  template <class Id>
  Id id(const char* name) {
    auto found = optional_id<Id>(name);
    if (!found)
      wrong(name, "is missing.");
    return found.value_or(Id{});
  }

  template <class Id>
  std::optional<Id> optional_id(const char* name) {
    auto value = optional_text(name);
    if (!value)
      return std::nullopt;
    auto parsed = parse_id<Id>(*value);
    if (!parsed)
      wrong(name, "must be a UUID.");
    return parsed;
  }

  std::optional<double> optional_number(const char* name, double low, double high);
  std::optional<std::int64_t> optional_integer(const char* name, std::int64_t low, std::int64_t high);
  std::vector<std::string> optional_texts(const char* name);

  /// Null if it is absent or wrong.
  const nlohmann::json* array(const char* name);
  const nlohmann::json* optional_object(const char* name);

  void wrong(std::string_view name, std::string_view message) { check_.wrong(where_ + std::string{name}, message); }

private:
  const nlohmann::json* find(const char* name) const;

  request_check& check_;
  const nlohmann::json& object_;
  std::string where_;
};

/// The body's JSON object, its texts clean (`core/text.hpp`). An absent body is `{}` if it `may_be_absent`.
expected<nlohmann::json> read_body(const http_request& request, bool may_be_absent = false);

/// The same with the fields in their order.
expected<nlohmann::ordered_json> read_ordered_body(const http_request& request);

/// `on_disconnect`: true for `cancel`.
bool read_cancels(field_reader& fields);

/// The value of a query's parameter, percent-decoded; nothing if it isn't there.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// With its `%41`s decoded; one without two digits stays as it is. In forms (WHATWG URL, section 5.1) `+` is a space.
std::string percent_decoded(std::string_view text, bool form = true);

/// Digits only, nothing for anything else.
std::optional<std::uint64_t> parse_digits(std::string_view text);

/// `?limit=`: 1 to 200, 50 if it isn't there.
int read_limit(request_check& check, const http_request& request);

/// `?after=`: the id at which the page before ended.
template <class Id>
std::optional<Id> read_after(request_check& check, const http_request& request) {
  auto text = query_value(request.query, "after");
  if (!text || text->empty())
    return std::nullopt;
  auto parsed = parse_id<Id>(*text);
  if (!parsed)
    check.wrong("after", "must be the `next` of the page before.");
  return parsed;
}

} // namespace parley::net
