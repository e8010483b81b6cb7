#include "persistence/store/stored_json.hpp"

#include <nlohmann/json.hpp>

namespace parley::persistence {

namespace {

using nlohmann::json;

json parse(std::string_view text) {
  return json::parse(text, nullptr, false);
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string text_of(const json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

template <class T>
std::optional<T> number_of(const json& object, const char* key) {
  auto found = object.find(key);
  if (found == object.end() || !found->is_number())
    return std::nullopt;
  return found->get<T>();
}

} // namespace

std::string tool_calls_to_json(const std::vector<tool_call>& calls) {
  auto result = json::array();
  for (auto& call : calls)
    result.push_back({{"id", call.id}, {"name", call.name}, {"arguments", call.arguments}});
  return dump(result);
}

std::vector<tool_call> tool_calls_from_json(std::string_view text) {
  std::vector<tool_call> result;
  for (auto& call : parse(text))
    if (call.is_object())
      result.push_back({text_of(call, "id"), text_of(call, "name"), text_of(call, "arguments")});
  return result;
}

std::string stretches_to_json(const std::vector<answer_stretch>& stretches) {
  auto result = json::array();
  for (auto& each : stretches) {
    auto& added = result.emplace_back(json::object());
    added["kind"] = name(each.kind);
    switch (each.kind) {
    case stretch_kind::text:
    case stretch_kind::reasoning:
      added["bytes"] = each.bytes;
      break;
    case stretch_kind::arguments:
      added["call"] = each.call;
      added["bytes"] = each.bytes;
      break;
    case stretch_kind::whole_call:
      added["call"] = each.call;
      break;
    }
  }
  return dump(result);
}

std::vector<answer_stretch> stretches_from_json(std::string_view text) {
  std::vector<answer_stretch> result;
  for (auto& each : parse(text)) {
    auto kind = each.is_object() ? parse_stretch_kind(text_of(each, "kind")) : std::nullopt;
    if (!kind)
      return {}; // written by a newer version, perhaps: a part of the order is none
    result.push_back(
      {*kind, number_of<std::uint32_t>(each, "call").value_or(0), number_of<std::uint32_t>(each, "bytes").value_or(0)});
  }
  return result;
}

std::string models_to_json(const std::vector<model_label>& models) {
  auto result = json::array();
  for (auto& model : models)
    result.push_back({{"id", model.id}, {"display_name", model.display_name}});
  return dump(result);
}

std::vector<model_label> models_from_json(std::string_view text) {
  std::vector<model_label> result;
  for (auto& model : parse(text))
    if (model.is_object())
      result.push_back({text_of(model, "id"), text_of(model, "display_name")});
  return result;
}

std::string parameters_to_json(const sampling_parameters& parameters) {
  auto result = json::object();
  if (parameters.temperature)
    result["temperature"] = *parameters.temperature;
  if (parameters.top_p)
    result["top_p"] = *parameters.top_p;
  if (parameters.max_tokens)
    result["max_tokens"] = *parameters.max_tokens;
  if (!parameters.stop.empty())
    result["stop"] = parameters.stop;
  return dump(result);
}

sampling_parameters parameters_from_json(std::string_view text) {
  sampling_parameters result;
  auto value = parse(text);
  if (!value.is_object())
    return result;
  result.temperature = number_of<double>(value, "temperature");
  result.top_p = number_of<double>(value, "top_p");
  result.max_tokens = number_of<std::int64_t>(value, "max_tokens");
  if (auto stop = value.find("stop"); stop != value.end())
    for (auto& word : *stop)
      if (word.is_string())
        result.stop.push_back(word.get<std::string>());
  return result;
}

} // namespace parley::persistence
