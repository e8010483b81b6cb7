#include "wire/clients/openai_request.hpp"

#include "wire/clients/client_fields.hpp"
#include "wire/http/header_values.hpp"

#include <algorithm>
#include <array>

namespace parley::wire {

namespace {

/// A field's value, removed from the body; null if it isn't there.
json_object take(json_object& body, const char* field) {
  auto found = body.find(field);
  if (found == body.end())
    return {};
  auto value = std::move(*found);
  body.erase(found);
  return value;
}

bool take_flag(json_object& body, const char* field, const std::string& where, request_check& check) {
  auto value = take(body, field);
  if (!value.is_null() && !value.is_boolean())
    check.wrong(where, "must be true or false.");
  return value == true;
}

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> result;
  for (std::size_t begin = 0; begin <= list.size();) {
    auto end = std::min(list.find(',', begin), list.size());
    result.emplace_back(trim(std::string_view{list}.substr(begin, end - begin)));
    begin = end + 1;
  }
  return result;
}

void read_models(openai_request& into, json_object& body, request_check& check) {
  auto value = take(body, "model");
  if (!value.is_string())
    return check.wrong("model", value.is_null() ? "is missing; it must be a string." : "must be a string.");
  into.model = value.get<std::string>();
  into.models = split(into.model);
  if (into.models.size() > max_participants)
    check.wrong("model", "must name at most 8 models.");
}

void read_choices(openai_request& into, json_object& body, request_check& check) {
  auto value = take(body, "n");
  if (value.is_null())
    return;
  // Compared before it is converted: a number beyond 64 bits would wrap around.
  if (!value.is_number_integer() || value < 1 || value > max_participants)
    return check.wrong("n", "must be a whole number from 1 to 8.");
  into.choices = value.get<std::size_t>();
  if (into.choices * into.models.size() > max_participants)
    check.wrong("n", "must be at most 8 together with the number of models: each of them gives that many choices.");
}

void read_streaming(openai_request& into, json_object& body, request_check& check) {
  into.stream = take_flag(body, "stream", "stream", check);
  auto options = take(body, "stream_options");
  if (options.is_null())
    return;
  if (!options.is_object())
    return check.wrong("stream_options", "must be an object.");
  if (!into.stream)
    return check.wrong("stream_options", "is for `\"stream\": true` only.");
  into.include_usage = take_flag(options, "include_usage", "stream_options.include_usage", check);
}

void check_message(const json_object& entry, const std::string& where, request_check& check) {
  constexpr std::array<std::string_view, 6> roles{"assistant", "developer", "function", "system", "tool", "user"};
  auto role = entry.find("role");
  if (role == entry.end() || !role->is_string()
      || std::find(roles.begin(), roles.end(), role->get_ref<const std::string&>()) == roles.end())
    return check.wrong(where + ".role", "must be developer, system, user, assistant or tool.");
  auto content = entry.find("content");
  if (content != entry.end() && !content->is_null())
    check_content(*content, where + ".content", check);
  if ((content == entry.end() || content->is_null()) && *role != "assistant")
    check.wrong(where + ".content", "is missing.");
}

/// What an answer of ours has no place for.
void check_answerable(const json_object& body, request_check& check) {
  auto has = [&](const char* field) { return body.contains(field) && body[field] != false && body[field] != 0; };
  for (auto field : {"logprobs", "top_logprobs"})
    if (has(field))
      check.wrong(field, "can't be had from this server.");
  if (has("audio"))
    check.wrong("audio", "can't be had from this server.");
  if (has("modalities") && body["modalities"] != json_object::array({"text"}))
    check.wrong("modalities", "must be [\"text\"].");
  for (auto field : {"functions", "function_call"})
    if (has(field))
      check.wrong(field, "is not taken any more: use tools and tool_choice.");
  if (has("tools") && !body["tools"].is_array())
    check.wrong("tools", "must be an array.");
}

} // namespace

expected<openai_request> read_openai_request(json_object body) {
  openai_request result;
  request_check check;
  drop_nulls(body);
  read_models(result, body, check);
  read_choices(result, body, check);
  read_streaming(result, body, check);
  check_messages(body, check, [&](json_object& entry, const std::string& where) { check_message(entry, where, check); });
  check_answerable(body, check);
  if (!check.ok())
    return tl::unexpected{check.problem()};
  result.ask = std::make_shared<const client_request>(client_request{client_api::openai, std::move(body)});
  return result;
}

} // namespace parley::wire
