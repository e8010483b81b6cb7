// OpenAI Chat Completions (https://platform.openai.com/docs/api-reference/chat/create), as the servers compatible with it take
// it.

#include "core/overloaded.hpp"
#include "wire/dialects/dialect.hpp"
#include "wire/dialects/openai_codec.hpp"
#include "wire/dialects/request_encoding.hpp"
#include "wire/objects/request_check.hpp"

namespace parley::wire {

namespace {

/// OpenAI's reasoning models refuse the old name, which all other servers know.
std::string_view max_tokens_name(const model& target) {
  return target.at->base_url.starts_with("https://api.openai.com/") ? "max_completion_tokens" : "max_tokens";
}

std::string address_of(const media_source& source) {
  if (!source.url.empty())
    return std::string{source.url};
  std::string address{"data:"};
  address += source.media_type;
  address += ";base64,";
  address += source.data;
  return address;
}

json_object file_of(const file_part& file) {
  auto title = file.title.empty() ? std::string_view{"document.pdf"} : file.title;
  return {{"type", "file"}, {"file", {{"filename", title}, {"file_data", address_of(file.source)}}}};
}

/// Writes one request. The first thing that can't be said is kept, and what comes after it is of no use.
class writing {
public:
  expected<json_object> of(const neutral_request& what) {
    result_["messages"] = json_object::array();
    for (auto& entry : what.messages)
      add_message(entry);
    for (auto& tool : what.tools)
      add_tool(tool);
    if (what.choice)
      add_choice(*what.choice);
    if (!what.parallel_calls)
      result_["parallel_tool_calls"] = false;
    for (auto& parameter : what.parameters)
      add_parameter(parameter);
    if (!check_.ok())
      return tl::unexpected{check_.problem()};
    return std::move(result_);
  }

private:
  // -- messages ---------------------------------------------------------------------------------------------------------

  void add_message(const request_message& entry) {
    switch (entry.role) {
    case request_role::system:
      return say({{"role", "system"}, {"content", text_of(entry.parts)}});
    case request_role::user:
      return add_user(entry.parts);
    case request_role::assistant:
      return add_assistant(entry.parts);
    }
  }

  void say(json_object message) { result_["messages"].push_back(std::move(message)); }

  void refuse(const request_part& part, std::string_view field, std::string_view why) {
    check_.wrong(part.where + "." + std::string{field}, why);
  }

  /// Where this format takes nothing but text.
  std::string text_of(const std::vector<request_part>& parts) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0)
        text += '\n';
      if (auto* piece = std::get_if<text_part>(&parts[i].what))
        text += piece->text;
      else
        refuse(parts[i], "type", "must be text for this model.");
    }
    return text;
  }

  /// Results of tools are messages of their own here, and come first: right after the calls.
  void add_user(const std::vector<request_part>& parts) {
    auto others = json_object::array();
    for (auto& part : parts)
      std::visit(overloaded{
                   [&](const text_part& text) {
                     others.push_back({{"type", "text"}, {"text", text.text}});
                   },
                   [&](const image_part& image) {
                     others.push_back({{"type", "image_url"}, {"image_url", {{"url", address_of(image.source)}}}});
                   },
                   [&](const file_part& file) { others.push_back(file_of(file)); },
                   [&](const result_part& result) {
                     say({{"role", "tool"}, {"tool_call_id", result.call}, {"content", text_of(result.content)}});
                   },
                   [&](const call_part&) { refuse(part, "type", part_not_taken); },
                   [&](const provider_part&) { refuse(part, "type", part_not_taken); },
                   [&](const foreign_part& foreign) { refuse(part, foreign.field, foreign.why); },
                 },
                 part.what);
    if (others.size() == 1 && others[0]["type"] == "text")
      say({{"role", "user"}, {"content", std::move(others[0]["text"])}});
    else if (!others.empty())
      say({{"role", "user"}, {"content", std::move(others)}});
  }

  void add_assistant(const std::vector<request_part>& parts) {
    json_object message{{"role", "assistant"}, {"content", nullptr}};
    std::string text;
    auto not_taken = [&](const request_part& part) { refuse(part, "type", part_not_taken); };
    for (auto& part : parts)
      std::visit(overloaded{
                   [&](const text_part& piece) { text += piece.text; },
                   [&](const call_part& call) {
                     message["tool_calls"].push_back({{"id", call.id},
                                                      {"type", "function"},
                                                      {"function", {{"name", call.tool}, {"arguments", call.arguments}}}});
                   },
                   [](const provider_part&) {},
                   [&](const image_part&) { not_taken(part); },
                   [&](const file_part&) { not_taken(part); },
                   [&](const result_part&) { not_taken(part); },
                   [&](const foreign_part& foreign) { refuse(part, foreign.field, foreign.why); },
                 },
                 part.what);
    if (!text.empty() || !message.contains("tool_calls"))
      message["content"] = std::move(text);
    say(std::move(message));
  }

  // -- tools and parameters ---------------------------------------------------------------------------------------------

  void add_tool(const request_tool& tool) {
    json_object function;
    function["name"] = tool.name;
    if (!tool.description->is_null())
      function["description"] = *tool.description;
    function["parameters"] = *tool.schema;
    result_["tools"].push_back({{"type", "function"}, {"function", std::move(function)}});
  }

  void add_choice(const tool_choice& choice) {
    auto& said = result_["tool_choice"];
    switch (choice.wanted) {
    case tool_choice::kind::model_decides:
      said = "auto";
      break;
    case tool_choice::kind::none:
      said = "none";
      break;
    case tool_choice::kind::any:
      said = "required";
      break;
    case tool_choice::kind::one:
      said = {{"type", "function"}, {"function", {{"name", choice.name}}}};
    }
  }

  void add_parameter(const request_parameter& parameter) {
    auto set = [&](const char* name) { result_[name] = parameter.value; };
    switch (parameter.field) {
    case request_field::max_tokens:
      return set("max_tokens");
    case request_field::temperature:
      return set("temperature");
    case request_field::top_p:
      return set("top_p");
    case request_field::stop:
      return set("stop");
    case request_field::user:
      return set("user");
    case request_field::effort:
      return set("reasoning_effort");
    case request_field::foreign:
      check_.wrong(parameter.where, parameter.why);
    }
  }

  json_object result_;
  request_check check_;
};

class openai_format final : public dialect {
public:
  std::unique_ptr<codec> make_codec() const override { return make_openai_codec(); }

  expected<json_object> write(const neutral_request& what) const override { return writing{}.of(what); }

protected:
  bool is_api(client_api api) const override { return api == client_api::openai; }

  /// As the fields came: only the limit of an answer's tokens goes by the name that the upstream knows.
  upstream_request request(const model& target, const json_object& fields) const override {
    body_writer body{target};
    json_object most;
    for (auto& [field, value] : fields.items()) {
      if (field == "max_completion_tokens" || (field == "max_tokens" && most.is_null()))
        most = value;
      else if (field != "max_tokens")
        body.add(field, value);
    }
    if (most.is_null() && target.max_tokens)
      most = *target.max_tokens;
    if (!most.is_null())
      body.add(max_tokens_name(target), most);
    body.add("stream_options", {{"include_usage", true}});
    std::vector<std::pair<std::string, std::string>> credentials;
    if (!target.at->api_key.empty())
      credentials.emplace_back("Authorization", "Bearer " + target.at->api_key);
    return make_request("/chat/completions", std::move(body).take(), target, std::move(credentials));
  }
};

} // namespace

const dialect& openai_dialect() {
  static const openai_format format;
  return format;
}

/// The demo speaks OpenAI's format.
const dialect& demo_dialect() {
  return openai_dialect();
}

} // namespace parley::wire
