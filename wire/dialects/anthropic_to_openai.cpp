#include "wire/dialects/anthropic_to_openai.hpp"

#include "wire/clients/client_fields.hpp"

#include <string>
#include <string_view>

namespace parley::wire {

namespace {

/// How much a model shall think, told as tokens there and as a word here.
std::string_view effort_of(const json_object& budget) {
  return budget < 4096 ? "low" : budget < 16384 ? "medium" : "high";
}

/// Translates one request. The first thing that can't be said is kept, and what comes after it is of no use.
class translation {
public:
  expected<json_object> of(const json_object& fields) {
    result_["messages"] = json_object::array();
    for (auto& [name, value] : fields.items())
      take(name, value);
    if (!system_.is_null())
      result_["messages"].insert(result_["messages"].begin(), json_object{{"role", "system"}, {"content", system_}});
    if (!check_.ok())
      return tl::unexpected{check_.problem()};
    return std::move(result_);
  }

private:
  // -- fields -----------------------------------------------------------------------------------------------------------

  void take(const std::string& name, const json_object& value) {
    if (name == "messages")
      take_messages(value);
    else if (name == "system")
      system_ = text_of(value, "system");
    else if (name == "tools")
      take_tools(value);
    else if (name == "tool_choice")
      take_tool_choice(value);
    else if (name == "max_tokens" || name == "temperature" || name == "top_p")
      result_[name] = value;
    else if (name == "stop_sequences")
      result_["stop"] = value;
    else if (name == "thinking")
      take_thinking(value);
    else if (name == "metadata")
      take_metadata(value);
    else if (name != "service_tier" && name != "cache_control")
      check_.wrong(name, "has no equivalent at this model's provider.");
  }

  void take_thinking(const json_object& value) {
    if (text_at(value, "type") == "enabled")
      result_["reasoning_effort"] = effort_of(value_at(value, "budget_tokens"));
  }

  void take_metadata(const json_object& value) {
    if (auto user = text_at(value, "user_id"); !user.empty())
      result_["user"] = user;
  }

  // -- messages ---------------------------------------------------------------------------------------------------------

  void take_messages(const json_object& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      auto where = nth("messages", i) + ".content";
      auto& content = value_at(messages[i], "content");
      if (content.is_string())
        say({{"role", value_at(messages[i], "role")}, {"content", content}});
      else if (text_at(messages[i], "role") == "user")
        take_user(content, where);
      else
        take_assistant(content, where);
    }
  }

  void say(json_object message) { result_["messages"].push_back(std::move(message)); }

  /// Results of tools are messages of their own here, and come first: right after the calls.
  void take_user(const json_object& blocks, const std::string& where) {
    auto parts = json_object::array();
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      auto& block = blocks[i];
      auto type = text_at(block, "type");
      if (type == "tool_result")
        say({{"role", "tool"},
             {"tool_call_id", value_at(block, "tool_use_id")},
             {"content", text_of(value_at(block, "content"), nth(where, i) + ".content")}});
      else if (type == "text")
        parts.push_back({{"type", "text"}, {"text", value_at(block, "text")}});
      else if (type == "image")
        parts.push_back({{"type", "image_url"}, {"image_url", {{"url", address_of(value_at(block, "source"), nth(where, i))}}}});
      else if (type == "document")
        parts.push_back(file_of(block, nth(where, i)));
      else
        check_.wrong(nth(where, i) + ".type", "is nothing that this model's provider takes here.");
    }
    if (parts.size() == 1 && parts[0]["type"] == "text")
      say({{"role", "user"}, {"content", parts[0]["text"]}});
    else if (!parts.empty())
      say({{"role", "user"}, {"content", std::move(parts)}});
  }

  void take_assistant(const json_object& blocks, const std::string& where) {
    json_object message{{"role", "assistant"}, {"content", nullptr}};
    std::string text;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      auto& block = blocks[i];
      auto type = text_at(block, "type");
      if (type == "text")
        text += text_at(block, "text");
      else if (type == "tool_use")
        message["tool_calls"].push_back(
          {{"id", value_at(block, "id")},
           {"type", "function"},
           {"function", {{"name", value_at(block, "name")}, {"arguments", to_text(input_of(block))}}}});
      else if (type != "thinking" && type != "redacted_thinking")
        check_.wrong(nth(where, i) + ".type", "is nothing that this model's provider takes here.");
    }
    if (!text.empty() || !message.contains("tool_calls"))
      message["content"] = text;
    say(std::move(message));
  }

  static json_object input_of(const json_object& block) {
    auto& input = value_at(block, "input");
    return input.is_object() ? input : json_object::object();
  }

  /// A string, or the texts of blocks that are nothing else.
  std::string text_of(const json_object& content, const std::string& where) {
    if (content.is_string())
      return content.get<std::string>();
    std::string text;
    for (std::size_t i = 0; content.is_array() && i < content.size(); ++i) {
      if (text_at(content[i], "type") != "text")
        check_.wrong(nth(where, i) + ".type", "must be text for this model.");
      if (i > 0)
        text += '\n';
      text += text_at(content[i], "text");
    }
    return text;
  }

  std::string address_of(const json_object& source, const std::string& where) {
    auto type = text_at(source, "type");
    if (type == "base64")
      return "data:" + text_at(source, "media_type") + ";base64," + text_at(source, "data");
    if (type != "url")
      check_.wrong(where + ".source.type", "must be base64 or url for this model.");
    return text_at(source, "url");
  }

  json_object file_of(const json_object& block, const std::string& where) {
    auto& source = value_at(block, "source");
    if (text_at(source, "type") == "text")
      return {{"type", "text"}, {"text", value_at(source, "data")}};
    if (text_at(source, "type") != "base64")
      check_.wrong(where + ".source.type", "must be base64 or text for this model.");
    auto title = text_at(block, "title");
    return {{"type", "file"},
            {"file", {{"filename", title.empty() ? "document.pdf" : title}, {"file_data", address_of(source, where)}}}};
  }

  // -- tools ------------------------------------------------------------------------------------------------------------

  void take_tools(const json_object& tools) {
    for (std::size_t i = 0; i < tools.size(); ++i) {
      auto type = text_at(tools[i], "type");
      if (!type.empty() && type != "custom")
        return check_.wrong(nth("tools", i) + ".type", "must be custom for this model: its provider has no such tool.");
      json_object function;
      function["name"] = value_at(tools[i], "name");
      if (auto& description = value_at(tools[i], "description"); !description.is_null())
        function["description"] = description;
      function["parameters"] = value_at(tools[i], "input_schema");
      result_["tools"].push_back({{"type", "function"}, {"function", std::move(function)}});
    }
  }

  void take_tool_choice(const json_object& choice) {
    auto type = text_at(choice, "type");
    if (type == "auto" || type == "none")
      result_["tool_choice"] = type;
    else if (type == "any")
      result_["tool_choice"] = "required";
    else if (type == "tool")
      result_["tool_choice"] = {{"type", "function"}, {"function", {{"name", value_at(choice, "name")}}}};
    else
      check_.wrong("tool_choice.type", "must be auto, any, tool or none.");
    if (value_at(choice, "disable_parallel_tool_use") == true)
      result_["parallel_tool_calls"] = false;
  }

  json_object result_;
  json_object system_;
  request_check check_;
};

} // namespace

expected<json_object> anthropic_to_openai(const json_object& fields) {
  return translation{}.of(fields);
}

} // namespace parley::wire
