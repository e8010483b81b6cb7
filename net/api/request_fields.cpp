#include "net/api/request_fields.hpp"

#include "core/text.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

namespace parley::net {

namespace {

using nlohmann::json;

/// Deep enough for any request of ours, and for what older clients add to it.
constexpr int max_depth = 32;

/// The fields of an object that keeps their order are found by looking at each.
constexpr int max_keys = 1024;

constexpr int default_limit = 50;
constexpr int max_limit = 200;

/// Walks through the text without building anything: is it JSON, and how deep?
class syntax_check final : public nlohmann::json_sax<json> {
public:
  const std::string& problem() const { return problem_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }

  bool key(string_t&) override {
    if (++keys_.at(static_cast<std::size_t>(depth_)) <= max_keys)
      return true;
    problem_ = "The body's JSON has an object of more than " + std::to_string(max_keys) + " fields.";
    return false;
  }

  bool start_object(std::size_t) override {
    if (!deeper())
      return false;
    keys_.at(static_cast<std::size_t>(depth_)) = 0;
    return true;
  }

  bool end_object() override { return higher(); }
  bool start_array(std::size_t) override { return deeper(); }
  bool end_array() override { return higher(); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    problem_ = "The body is not valid JSON, at byte " + std::to_string(position) + ".";
    return false;
  }

private:
  bool deeper() {
    if (++depth_ <= max_depth)
      return true;
    problem_ = "The body's JSON is nested more than " + std::to_string(max_depth) + " levels deep.";
    return false;
  }

  bool higher() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  /// Of the objects that are open, by their depth.
  std::array<int, max_depth + 1> keys_{};
  std::string problem_;
};

template <class Json>
expected<Json> read_object(const http_request& request) {
  if (request.body.empty())
    return fail(ec::invalid_request, "The body is empty; a JSON object is wanted.");
  std::string repaired;
  auto& text = repair_json_text(request.body, repaired) ? repaired : request.body;
  syntax_check check;
  if (!json::sax_parse(text, &check))
    return fail(ec::invalid_request, check.problem());
  auto body = Json::parse(text, nullptr, false);
  if (!body.is_object())
    return fail(ec::invalid_request, "The body must be a JSON object.");
  return body;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

} // namespace

const json* field_reader::find(const char* name) const {
  auto at = object_.find(name);
  return at == object_.end() || at->is_null() ? nullptr : &*at;
}

std::optional<std::string> field_reader::optional_text(const char* name) {
  auto value = find(name);
  if (!value)
    return std::nullopt;
  if (!value->is_string()) {
    wrong(name, "must be a string.");
    return std::nullopt;
  }
  return value->get<std::string>();
}

std::string field_reader::text(const char* name) {
  if (!has(name))
    wrong(name, "is missing; it must be a string.");
  return optional_text(name).value_or(std::string{});
}

std::optional<double> field_reader::optional_number(const char* name, double low, double high) {
  auto value = find(name);
  if (!value)
    return std::nullopt;
  if (!value->is_number() || value->get<double>() < low || value->get<double>() > high) {
    wrong(name, "must be a number from " + std::to_string(static_cast<int>(low)) + " to " + std::to_string(static_cast<int>(high))
                  + ".");
    return std::nullopt;
  }
  return value->get<double>();
}

std::optional<std::int64_t> field_reader::optional_integer(const char* name, std::int64_t low, std::int64_t high) {
  auto value = find(name);
  if (!value)
    return std::nullopt;
  // As a double first: an integer beyond 64 bits would wrap around.
  if (!value->is_number_integer() || value->get<double>() < static_cast<double>(low)
      || value->get<double>() > static_cast<double>(high)) {
    wrong(name, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high) + ".");
    return std::nullopt;
  }
  return value->get<std::int64_t>();
}

std::vector<std::string> field_reader::optional_texts(const char* name) {
  std::vector<std::string> result;
  auto value = find(name);
  if (!value)
    return result;
  if (!value->is_array()) {
    wrong(name, "must be an array of strings.");
    return result;
  }
  for (std::size_t i = 0; i < value->size(); ++i) {
    auto& entry = (*value)[i];
    if (!entry.is_string()) {
      wrong(name + ("[" + std::to_string(i) + "]"), "must be a string.");
      return result;
    }
    result.push_back(entry.get<std::string>());
  }
  return result;
}

const json* field_reader::array(const char* name) {
  auto value = find(name);
  if (value && value->is_array())
    return value;
  wrong(name, value ? "must be an array." : "is missing; it must be an array.");
  return nullptr;
}

const json* field_reader::optional_object(const char* name) {
  auto value = find(name);
  if (!value || value->is_object())
    return value;
  wrong(name, "must be an object.");
  return nullptr;
}

expected<json> read_body(const http_request& request, bool may_be_absent) {
  if (request.body.empty() && may_be_absent)
    return json::object();
  return read_object<json>(request);
}

expected<nlohmann::ordered_json> read_ordered_body(const http_request& request) {
  return read_object<nlohmann::ordered_json>(request);
}

std::string percent_decoded(std::string_view text, bool form) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += form && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

bool read_cancels(field_reader& fields) {
  auto text = fields.optional_text("on_disconnect");
  if (text && *text != "continue" && *text != "cancel")
    fields.wrong("on_disconnect", "must be continue or cancel.");
  return text == "cancel";
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    auto end = query.find('&');
    auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    auto equals = pair.find('=');
    if (percent_decoded(pair.substr(0, equals)) == name)
      return equals == std::string_view::npos ? std::string{} : percent_decoded(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  auto end = text.data() + text.size();
  auto [stopped_at, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc{} || stopped_at != end)
    return std::nullopt;
  return value;
}

int read_limit(request_check& check, const http_request& request) {
  auto text = query_value(request.query, "limit");
  if (!text)
    return default_limit;
  auto value = parse_digits(*text);
  if (!value || *value < 1 || *value > max_limit) {
    check.wrong("limit", "must be a whole number from 1 to " + std::to_string(max_limit) + ".");
    return default_limit;
  }
  return static_cast<int>(*value);
}

} // namespace parley::net
