// Messages (https://docs.anthropic.com/en/api/messages) as a neutral request.

#include "wire/clients/client_fields.hpp"
#include "wire/clients/neutral_request.hpp"

namespace parley::wire {

namespace {

/// How much a model shall think, told as tokens here and as a word elsewhere.
std::string_view effort_of(const json_object& budget) {
  return budget < 4096 ? "low" : budget < 16384 ? "medium" : "high";
}

class reading {
public:
  neutral_request of(const json_object& fields) {
    if (auto& system = value_at(fields, "system"); !system.is_null())
      result_.messages.push_back({request_role::system, parts_of(system, "system")});
    for (auto& [name, value] : fields.items())
      take(name, value);
    return std::move(result_);
  }

private:
  using what_part = decltype(request_part::what);

  void take(const std::string& name, const json_object& value) {
    if (name == "messages")
      take_messages(value);
    else if (name == "tools")
      take_tools(value);
    else if (name == "tool_choice")
      take_tool_choice(value);
    else if (name == "max_tokens")
      set(request_field::max_tokens, name, value);
    else if (name == "temperature")
      set(request_field::temperature, name, value);
    else if (name == "top_p")
      set(request_field::top_p, name, value);
    else if (name == "stop_sequences")
      set(request_field::stop, name, value);
    else if (name == "thinking")
      take_thinking(name, value);
    else if (name == "metadata")
      take_metadata(name, value);
    else if (name != "system" && name != "service_tier" && name != "cache_control") // the last two change no answer
      is_foreign(name, no_equivalent);
  }

  void take_thinking(const std::string& name, const json_object& value) {
    if (text_at(value, "type") == "enabled")
      set(request_field::effort, name, effort_of(value_at(value, "budget_tokens")));
  }

  void take_metadata(const std::string& name, const json_object& value) {
    if (auto user = text_at(value, "user_id"); !user.empty())
      set(request_field::user, name, user);
  }

  void set(request_field field, const std::string& name, json_object value) {
    result_.parameters.push_back({field, name, std::move(value), {}});
  }

  void is_foreign(std::string where, std::string_view why) {
    result_.parameters.push_back({request_field::foreign, std::move(where), {}, why});
  }

  // -- messages ---------------------------------------------------------------------------------------------------------

  void take_messages(const json_object& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      auto role = text_at(messages[i], "role") == "assistant" ? request_role::assistant : request_role::user;
      result_.messages.push_back({role, parts_of(value_at(messages[i], "content"), nth("messages", i) + ".content")});
    }
  }

  static std::vector<request_part> parts_of(const json_object& content, const std::string& where) {
    std::vector<request_part> parts;
    if (content.is_string())
      parts.push_back({where, text_part{content.get_ref<const std::string&>()}});
    for (std::size_t i = 0; content.is_array() && i < content.size(); ++i)
      parts.push_back({nth(where, i), part_of(content[i], nth(where, i))});
    return parts;
  }

  static what_part part_of(const json_object& block, const std::string& where) {
    auto type = text_at(block, "type");
    if (type == "text")
      return text_part{text_at(block, "text")};
    if (type == "image")
      return image_of(value_at(block, "source"));
    if (type == "document")
      return file_of(block);
    if (type == "tool_use") {
      auto& input = value_at(block, "input");
      return call_part{text_at(block, "id"), text_at(block, "name"), input.is_object() ? to_text(input) : "{}", "input"};
    }
    if (type == "tool_result") {
      auto& content = value_at(block, "content");
      return result_part{text_at(block, "tool_use_id"), parts_of(content, where + ".content"), content.is_string()};
    }
    if (type == "thinking" || type == "redacted_thinking")
      return provider_part{};
    return foreign_part{"type", part_not_taken};
  }

  static media_source base64_of(const json_object& source) {
    return {text_at(source, "media_type"), text_at(source, "data"), {}};
  }

  static what_part image_of(const json_object& source) {
    auto type = text_at(source, "type");
    if (type == "base64")
      return image_part{base64_of(source)};
    if (type == "url")
      return image_part{{{}, {}, text_at(source, "url")}};
    return foreign_part{"source.type", "must be base64 or url for this model."};
  }

  static what_part file_of(const json_object& block) {
    auto& source = value_at(block, "source");
    auto type = text_at(source, "type");
    if (type == "text")
      return text_part{text_at(source, "data")};
    if (type == "base64")
      return file_part{base64_of(source), text_at(block, "title")};
    return foreign_part{"source.type", "must be base64 or text for this model."};
  }

  // -- tools ------------------------------------------------------------------------------------------------------------

  void take_tools(const json_object& tools) {
    for (std::size_t i = 0; i < tools.size(); ++i) {
      auto type = text_at(tools[i], "type");
      if (type.empty() || type == "custom")
        result_.tools.push_back(
          {text_at(tools[i], "name"), &value_at(tools[i], "description"), &value_at(tools[i], "input_schema")});
      else
        is_foreign(nth("tools", i) + ".type", "must be custom for this model: its provider has no such tool.");
    }
  }

  void take_tool_choice(const json_object& choice) {
    using kind = tool_choice::kind;
    auto type = text_at(choice, "type");
    if (type == "auto")
      result_.choice = {kind::model_decides, {}};
    else if (type == "none")
      result_.choice = {kind::none, {}};
    else if (type == "any")
      result_.choice = {kind::any, {}};
    else if (type == "tool")
      result_.choice = {kind::one, text_at(choice, "name")};
    else
      is_foreign("tool_choice.type", "must be auto, any, tool or none.");
    result_.parallel_calls = value_at(choice, "disable_parallel_tool_use") != true;
  }

  neutral_request result_;
};

} // namespace

neutral_request anthropic_to_neutral(const json_object& fields) {
  return reading{}.of(fields);
}

} // namespace parley::wire
