// Chat Completions (https://platform.openai.com/docs/api-reference/chat/create) as a neutral request.

#include "wire/clients/client_fields.hpp"
#include "wire/clients/neutral_request.hpp"

namespace parley::wire {

namespace {

/// `data:image/png;base64,…`
std::optional<media_source> parse_data_url(std::string_view url) {
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view encoding = ";base64";
  auto comma = url.find(',');
  if (!url.starts_with(scheme) || comma == std::string_view::npos)
    return std::nullopt;
  auto type = url.substr(scheme.size(), comma - scheme.size());
  if (!type.ends_with(encoding))
    return std::nullopt;
  type.remove_suffix(encoding.size());
  return media_source{type.substr(0, type.find(';')), url.substr(comma + 1), {}};
}

/// What is the default said aloud.
bool says_nothing(std::string_view name, const json_object& value) {
  if (name == "frequency_penalty" || name == "presence_penalty")
    return value == 0;
  if (name == "logprobs" || name == "store")
    return value == false;
  if (name == "top_logprobs")
    return value == 0;
  if (name == "logit_bias" || name == "metadata")
    return value.empty();
  if (name == "response_format")
    return value_at(value, "type") == "text";
  if (name == "modalities")
    return value == json_object::array({"text"});
  return name == "service_tier" && (value == "auto" || value == "default");
}

class reading {
public:
  neutral_request of(const json_object& fields) {
    for (auto& [name, value] : fields.items())
      if (!value.is_null())
        take(name, value, fields);
    return std::move(result_);
  }

private:
  using what_part = decltype(request_part::what);

  void take(const std::string& name, const json_object& value, const json_object& fields) {
    if (name == "messages")
      take_messages(value);
    else if (name == "tools")
      take_tools(value);
    else if (name == "tool_choice")
      take_tool_choice(value);
    else if (name == "parallel_tool_calls")
      result_.parallel_calls = value != false;
    else if (name == "max_completion_tokens")
      set(request_field::max_tokens, name, value);
    else if (name == "max_tokens") {
      if (value_at(fields, "max_completion_tokens").is_null())
        set(request_field::max_tokens, name, value);
    } else if (name == "temperature" && value.is_number())
      set(request_field::temperature, name, value);
    else if (name == "top_p")
      set(request_field::top_p, name, value);
    else if (name == "stop")
      set(request_field::stop, name, value);
    else if (name == "user")
      set(request_field::user, name, value);
    else if (name == "reasoning_effort")
      set(request_field::effort, name, value);
    else if (!says_nothing(name, value))
      is_foreign(name, no_equivalent);
  }

  void set(request_field field, const std::string& name, const json_object& value) {
    result_.parameters.push_back({field, name, value, {}});
  }

  void is_foreign(std::string where, std::string_view why) {
    result_.parameters.push_back({request_field::foreign, std::move(where), {}, why});
  }

  // -- messages ---------------------------------------------------------------------------------------------------------

  void take_messages(const json_object& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i)
      take_message(messages[i], nth("messages", i));
  }

  void take_message(const json_object& entry, const std::string& where) {
    auto role = text_at(entry, "role");
    auto& content = value_at(entry, "content");
    auto parts = parts_of(content, where + ".content");
    if (role == "system" || role == "developer") {
      say(request_role::system, std::move(parts));
    } else if (role == "user") {
      say(request_role::user, std::move(parts));
    } else if (role == "assistant") {
      add_calls(parts, value_at(entry, "tool_calls"), where + ".tool_calls");
      say(request_role::assistant, std::move(parts));
    } else if (role == "tool") {
      result_part result{text_at(entry, "tool_call_id"), std::move(parts), content.is_string()};
      std::vector<request_part> alone;
      alone.push_back({where, std::move(result)});
      say(request_role::user, std::move(alone));
    } else {
      is_foreign(where + ".role", "must be developer, system, user, assistant or tool for this model.");
    }
  }

  void say(request_role role, std::vector<request_part> parts) { result_.messages.push_back({role, std::move(parts)}); }

  static std::vector<request_part> parts_of(const json_object& content, const std::string& where) {
    std::vector<request_part> parts;
    if (content.is_string())
      parts.push_back({where, text_part{content.get_ref<const std::string&>()}});
    for (std::size_t i = 0; content.is_array() && i < content.size(); ++i)
      parts.push_back({nth(where, i), part_of(content[i])});
    return parts;
  }

  static what_part part_of(const json_object& part) {
    auto type = text_at(part, "type");
    if (type == "text")
      return text_part{text_at(part, "text")};
    if (type == "refusal")
      return text_part{text_at(part, "refusal")};
    if (type == "image_url")
      return image_of(text_at(value_at(part, "image_url"), "url"));
    if (type == "file")
      return file_of(value_at(part, "file"));
    return foreign_part{"type", part_not_taken};
  }

  static what_part image_of(std::string_view url) {
    if (auto data = parse_data_url(url))
      return image_part{*data};
    if (url.starts_with("https://") || url.starts_with("http://"))
      return image_part{{{}, {}, url}};
    return foreign_part{"image_url.url", "must be an http(s) address, or a data: address in base64."};
  }

  static what_part file_of(const json_object& file) {
    if (auto data = parse_data_url(text_at(file, "file_data")))
      return file_part{*data, text_at(file, "filename")};
    return foreign_part{"file.file_data", "must be a data: address in base64."};
  }

  static void add_calls(std::vector<request_part>& parts, const json_object& calls, const std::string& where) {
    for (std::size_t i = 0; calls.is_array() && i < calls.size(); ++i) {
      auto& function = value_at(calls[i], "function");
      if (function.is_object())
        parts.push_back({nth(where, i), call_part{text_at(calls[i], "id"), text_at(function, "name"),
                                                  std::string{text_at(function, "arguments")}, "function.arguments"}});
      else
        parts.push_back({nth(where, i), foreign_part{"function", "is missing: this model calls functions only."}});
    }
  }

  // -- tools ------------------------------------------------------------------------------------------------------------

  void take_tools(const json_object& tools) {
    for (std::size_t i = 0; tools.is_array() && i < tools.size(); ++i) {
      auto& function = value_at(tools[i], "function");
      if (text_at(tools[i], "type") != "function" || !function.is_object())
        is_foreign(nth("tools", i) + ".type", "must be function for this model.");
      else
        result_.tools.push_back(
          {text_at(function, "name"), &value_at(function, "description"), &value_at(function, "parameters")});
    }
  }

  void take_tool_choice(const json_object& choice) {
    using kind = tool_choice::kind;
    if (choice == "auto")
      result_.choice = {kind::model_decides, {}};
    else if (choice == "none")
      result_.choice = {kind::none, {}};
    else if (choice == "required")
      result_.choice = {kind::any, {}};
    else if (text_at(choice, "type") == "function")
      result_.choice = {kind::one, text_at(value_at(choice, "function"), "name")};
    else
      is_foreign("tool_choice", "must be auto, none, required or one function for this model.");
  }

  neutral_request result_;
};

} // namespace

neutral_request openai_to_neutral(const json_object& fields) {
  return reading{}.of(fields);
}

} // namespace parley::wire
