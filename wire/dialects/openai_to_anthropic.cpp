#include "wire/dialects/openai_to_anthropic.hpp"

#include "wire/clients/client_fields.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace parley::wire {

namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// `data:image/png;base64,…`
struct data_url {
  std::string media_type;
  std::string data;
};

std::optional<data_url> parse_data_url(const std::string& url) {
  constexpr std::string_view scheme = "data:";
  constexpr std::string_view encoding = ";base64";
  auto comma = url.find(',');
  if (!url.starts_with(scheme) || comma == std::string::npos)
    return std::nullopt;
  auto type = std::string_view{url}.substr(scheme.size(), comma - scheme.size());
  if (!type.ends_with(encoding))
    return std::nullopt;
  type.remove_suffix(encoding.size());
  return data_url{std::string{type.substr(0, type.find(';'))}, url.substr(comma + 1)};
}

json_object text_block(const std::string& text) {
  return {{"type", "text"}, {"text", text}};
}

json_object base64_block(std::string_view type, const data_url& from) {
  return {{"type", type}, {"source", {{"type", "base64"}, {"media_type", from.media_type}, {"data", from.data}}}};
}

/// Translates one request. The first thing that can't be said is kept, and what comes after it is of no use.
class translation {
public:
  expected<json_object> of(const json_object& fields) {
    for (auto& [name, value] : fields.items())
      if (!value.is_null())
        take(name, value);
    if (!check_.ok())
      return tl::unexpected{check_.problem()};
    if (!system_.empty())
      result_["system"] = system_.size() == 1 ? system_[0]["text"] : system_;
    result_["messages"] = std::move(turns_);
    if (value_at(fields, "parallel_tool_calls") == false && result_.contains("tools")) {
      if (!result_.contains("tool_choice"))
        result_["tool_choice"]["type"] = "auto";
      result_["tool_choice"]["disable_parallel_tool_use"] = true;
    }
    return std::move(result_);
  }

private:
  // -- fields -----------------------------------------------------------------------------------------------------------

  void take(const std::string& name, const json_object& value) {
    if (name == "messages")
      return take_messages(value);
    if (name == "tools")
      return take_tools(value);
    if (name == "tool_choice")
      return take_tool_choice(value);
    if (name == "parallel_tool_calls")
      return;
    if (name == "max_completion_tokens" || (name == "max_tokens" && !result_.contains("max_tokens")))
      result_["max_tokens"] = value;
    else if (name == "temperature" && value.is_number()) // its scale ends at 1, OpenAI's at 2
      result_["temperature"] = value > 1 ? json_object(1) : value;
    else if (name == "top_p")
      result_["top_p"] = value;
    else if (name == "stop")
      result_["stop_sequences"] = value.is_array() ? value : json_object::array({value});
    else if (name == "user")
      result_["metadata"]["user_id"] = value;
    else if (name != "max_tokens" && !says_nothing(name, value))
      check_.wrong(name, "has no equivalent at this model's provider.");
  }

  /// What is the default said aloud.
  static bool says_nothing(std::string_view name, const json_object& value) {
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

  // -- messages ---------------------------------------------------------------------------------------------------------

  /// The user's and the assistant's messages in turns, beginning with the user's: what one of them says at once becomes the
  /// blocks of one message.
  void take_messages(const json_object& messages) {
    for (std::size_t i = 0; i < messages.size(); ++i)
      take_message(messages[i], nth("messages", i), i + 1 == messages.size());
  }

  void take_message(const json_object& entry, const std::string& where, bool is_last) {
    auto role = text_at(entry, "role");
    auto& content = value_at(entry, "content");
    if (role == "system" || role == "developer") {
      for (auto& block : blocks_of(content, where + ".content", false))
        system_.push_back(std::move(block));
    } else if (role == "user") {
      auto blocks = blocks_of(content, where + ".content", true);
      // A blank last message goes up all the same: without it the provider would go on with its own last answer.
      if (blocks.empty() && is_last)
        blocks.push_back(text_block(content.is_string() ? content.get<std::string>() : ""));
      say("user", std::move(blocks));
    } else if (role == "assistant") {
      if (turns_.empty())
        say("user", json_object::array({text_block("…")}));
      say("assistant", blocks_of(content, where + ".content", false));
      say("assistant", calls_of(value_at(entry, "tool_calls"), where + ".tool_calls"));
    } else if (role == "tool") {
      json_object block{{"type", "tool_result"}, {"tool_use_id", text_at(entry, "tool_call_id")}};
      block["content"] = content.is_string() ? content : blocks_of(content, where + ".content", true);
      say("user", json_object::array({std::move(block)}));
    } else {
      check_.wrong(where + ".role", "must be developer, system, user, assistant or tool for this model.");
    }
  }

  void say(std::string_view role, json_object blocks) {
    if (blocks.empty())
      return;
    if (turns_.empty() || turns_.back()["role"] != role)
      turns_.push_back({{"role", role}, {"content", json_object::array()}});
    for (auto& block : blocks)
      turns_.back()["content"].push_back(std::move(block));
  }

  /// Blank texts are left out: Anthropic refuses them.
  json_object blocks_of(const json_object& content, const std::string& where, bool may_show) {
    auto blocks = json_object::array();
    if (content.is_string()) {
      if (auto text = content.get<std::string>(); !is_blank(text))
        blocks.push_back(text_block(text));
      return blocks;
    }
    for (std::size_t i = 0; content.is_array() && i < content.size(); ++i) {
      auto& part = content[i];
      auto type = text_at(part, "type");
      if (type == "text" || type == "refusal") {
        if (auto text = text_at(part, type.c_str()); !is_blank(text))
          blocks.push_back(text_block(text));
      } else if (type == "image_url" && may_show) {
        add_image(blocks, text_at(value_at(part, "image_url"), "url"), nth(where, i) + ".image_url.url");
      } else if (type == "file" && may_show) {
        add_file(blocks, value_at(part, "file"), nth(where, i) + ".file");
      } else {
        check_.wrong(nth(where, i) + ".type", "is nothing that this model's provider takes here.");
      }
    }
    return blocks;
  }

  void add_image(json_object& blocks, const std::string& url, const std::string& where) {
    if (auto data = parse_data_url(url))
      blocks.push_back(base64_block("image", *data));
    else if (url.starts_with("https://") || url.starts_with("http://"))
      blocks.push_back({{"type", "image"}, {"source", {{"type", "url"}, {"url", url}}}});
    else
      check_.wrong(where, "must be an http(s) address, or a data: address in base64.");
  }

  void add_file(json_object& blocks, const json_object& file, const std::string& where) {
    auto data = parse_data_url(text_at(file, "file_data"));
    if (!data)
      return check_.wrong(where + ".file_data", "must be a data: address in base64.");
    auto block = base64_block("document", *data);
    if (auto name = text_at(file, "filename"); !name.empty())
      block["title"] = name;
    blocks.push_back(std::move(block));
  }

  json_object calls_of(const json_object& calls, const std::string& where) {
    auto blocks = json_object::array();
    for (std::size_t i = 0; calls.is_array() && i < calls.size(); ++i) {
      auto& function = value_at(calls[i], "function");
      if (!function.is_object()) {
        check_.wrong(nth(where, i) + ".function", "is missing: this model calls functions only.");
        break;
      }
      auto arguments = text_at(function, "arguments");
      auto input = is_blank(arguments) ? json_object::object() : json_object::parse(arguments, nullptr, false);
      if (!input.is_object())
        check_.wrong(nth(where, i) + ".function.arguments", "must be a JSON object for this model.");
      blocks.push_back({{"type", "tool_use"}, {"id", text_at(calls[i], "id")}, {"name", text_at(function, "name")}});
      blocks.back()["input"] = std::move(input);
    }
    return blocks;
  }

  // -- tools ------------------------------------------------------------------------------------------------------------

  void take_tools(const json_object& tools) {
    auto translated = json_object::array();
    for (std::size_t i = 0; tools.is_array() && i < tools.size(); ++i) {
      auto& function = value_at(tools[i], "function");
      if (text_at(tools[i], "type") != "function" || !function.is_object())
        return check_.wrong(nth("tools", i) + ".type", "must be function for this model.");
      json_object tool;
      tool["name"] = value_at(function, "name");
      if (auto& description = value_at(function, "description"); !description.is_null())
        tool["description"] = description;
      auto& schema = value_at(function, "parameters");
      tool["input_schema"] = schema.is_object() ? schema : json_object{{"type", "object"}, {"properties", json_object::object()}};
      translated.push_back(std::move(tool));
    }
    if (!translated.empty())
      result_["tools"] = std::move(translated);
  }

  void take_tool_choice(const json_object& choice) {
    auto& wanted = result_["tool_choice"];
    if (choice == "auto" || choice == "none") {
      wanted["type"] = choice;
    } else if (choice == "required") {
      wanted["type"] = "any";
    } else if (text_at(choice, "type") == "function") {
      wanted["type"] = "tool";
      wanted["name"] = value_at(value_at(choice, "function"), "name");
    } else {
      check_.wrong("tool_choice", "must be auto, none, required or one function for this model.");
    }
  }

  json_object result_;
  json_object system_ = json_object::array();
  json_object turns_ = json_object::array();
  request_check check_;
};

} // namespace

expected<json_object> openai_to_anthropic(const json_object& fields) {
  return translation{}.of(fields);
}

} // namespace parley::wire
