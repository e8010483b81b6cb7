// Anthropic Messages (https://docs.anthropic.com/en/api/messages).

#include "core/overloaded.hpp"
#include "wire/dialects/anthropic_codec.hpp"
#include "wire/dialects/dialect.hpp"
#include "wire/dialects/request_encoding.hpp"
#include "wire/objects/request_check.hpp"

namespace parley::wire {

namespace {

/// The version of the API whose events and fields are meant here.
constexpr std::string_view api_version = "2023-06-01";

/// Anthropic wants a limit; any of its models can give that many.
constexpr std::int64_t default_max_tokens = 4096;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

json_object text_block(std::string_view text) {
  return {{"type", "text"}, {"text", text}};
}

json_object media_block(std::string_view type, const media_source& from) {
  if (!from.url.empty())
    return {{"type", type}, {"source", {{"type", "url"}, {"url", from.url}}}};
  return {{"type", type}, {"source", {{"type", "base64"}, {"media_type", from.media_type}, {"data", from.data}}}};
}

/// What a message's role lets it say.
enum class may_say { text, what_users_say, what_models_say };

/// Writes one request. The first thing that can't be said is kept, and what comes after it is of no use.
class writing {
public:
  expected<json_object> of(const neutral_request& what) {
    for (auto& entry : what.messages)
      add_message(entry, &entry == &what.messages.back());
    for (auto& parameter : what.parameters)
      add_parameter(parameter);
    if (!system_.empty())
      result_["system"] = system_.size() == 1 ? system_[0]["text"] : system_;
    result_["messages"] = std::move(turns_);
    for (auto& tool : what.tools)
      add_tool(tool);
    if (what.choice)
      add_choice(*what.choice);
    if (!what.parallel_calls && !what.tools.empty()) {
      if (!what.choice)
        add_choice({});
      result_["tool_choice"]["disable_parallel_tool_use"] = true;
    }
    if (!check_.ok())
      return tl::unexpected{check_.problem()};
    return std::move(result_);
  }

private:
  // -- messages ---------------------------------------------------------------------------------------------------------

  /// The user's and the assistant's messages in turns, beginning with the user's: what one of them says at once becomes the
  /// blocks of one message. The system's stand apart.
  void add_message(const request_message& entry, bool is_last) {
    switch (entry.role) {
    case request_role::system:
      for (auto& block : blocks_of(entry.parts, may_say::text))
        system_.push_back(std::move(block));
      return;
    case request_role::user: {
      auto blocks = blocks_of(entry.parts, may_say::what_users_say);
      // A blank last message goes up all the same: without it the provider would go on with its own last answer.
      if (blocks.empty() && is_last)
        blocks.push_back(text_block(first_text(entry.parts)));
      return say("user", std::move(blocks));
    }
    case request_role::assistant: {
      auto blocks = blocks_of(entry.parts, may_say::what_models_say);
      if (turns_.empty() && (is_last || !blocks.empty())) // an imported greeting
        say("user", json_object::array({text_block("…")}));
      say("assistant", std::move(blocks));
    }
    }
  }

  static std::string_view first_text(const std::vector<request_part>& parts) {
    auto* text = parts.empty() ? nullptr : std::get_if<text_part>(&parts.front().what);
    return text ? text->text : std::string_view{};
  }

  void say(std::string_view role, json_object blocks) {
    if (blocks.empty())
      return;
    if (turns_.empty() || turns_.back()["role"] != role)
      turns_.push_back({{"role", role}, {"content", json_object::array()}});
    for (auto& block : blocks)
      turns_.back()["content"].push_back(std::move(block));
  }

  void refuse(const request_part& part, std::string_view field, std::string_view why) {
    check_.wrong(part.where + "." + std::string{field}, why);
  }

  json_object blocks_of(const std::vector<request_part>& parts, may_say what) {
    auto blocks = json_object::array();
    for (auto& part : parts) {
      auto add_if = [&](bool may, json_object block) {
        if (may)
          blocks.push_back(std::move(block));
        else
          refuse(part, "type", part_not_taken);
      };
      auto by_user = what == may_say::what_users_say;
      std::visit(overloaded{
                   [&](const text_part& text) {
                     if (!is_blank(text.text)) // Anthropic refuses such
                       blocks.push_back(text_block(text.text));
                   },
                   [&](const image_part& image) { add_if(by_user, media_block("image", image.source)); },
                   [&](const file_part& file) { add_if(by_user, document_block(file)); },
                   [&](const result_part& result) { add_if(by_user, result_block(result)); },
                   [&](const call_part& call) { add_if(what == may_say::what_models_say, call_block(part, call)); },
                   [](const provider_part&) {},
                   [&](const foreign_part& foreign) { refuse(part, foreign.field, foreign.why); },
                 },
                 part.what);
    }
    return blocks;
  }

  static json_object document_block(const file_part& file) {
    auto block = media_block("document", file.source);
    if (!file.title.empty())
      block["title"] = file.title;
    return block;
  }

  json_object result_block(const result_part& result) {
    json_object block{{"type", "tool_result"}, {"tool_use_id", result.call}};
    block["content"] =
      result.plain ? json_object(first_text(result.content)) : blocks_of(result.content, may_say::what_users_say);
    return block;
  }

  json_object call_block(const request_part& part, const call_part& call) {
    auto input = is_blank(call.arguments) ? json_object::object() : json_object::parse(call.arguments, nullptr, false);
    if (!input.is_object())
      refuse(part, call.arguments_field, "must be a JSON object for this model.");
    json_object block{{"type", "tool_use"}, {"id", call.id}, {"name", call.tool}};
    block["input"] = std::move(input);
    return block;
  }

  // -- tools and parameters ---------------------------------------------------------------------------------------------

  void add_tool(const request_tool& from) {
    json_object tool;
    tool["name"] = from.name;
    if (!from.description->is_null())
      tool["description"] = *from.description;
    tool["input_schema"] =
      from.schema->is_object() ? *from.schema : json_object{{"type", "object"}, {"properties", json_object::object()}};
    result_["tools"].push_back(std::move(tool));
  }

  void add_choice(const tool_choice& choice) {
    auto& said = result_["tool_choice"];
    switch (choice.wanted) {
    case tool_choice::kind::model_decides:
      said = {{"type", "auto"}};
      break;
    case tool_choice::kind::none:
      said = {{"type", "none"}};
      break;
    case tool_choice::kind::any:
      said = {{"type", "any"}};
      break;
    case tool_choice::kind::one:
      said = {{"type", "tool"}, {"name", choice.name}};
    }
  }

  void add_parameter(const request_parameter& parameter) {
    auto& value = parameter.value;
    switch (parameter.field) {
    case request_field::max_tokens:
      result_["max_tokens"] = value;
      return;
    case request_field::temperature: // its scale ends at 1, OpenAI's at 2
      result_["temperature"] = value > 1 ? json_object(1) : value;
      return;
    case request_field::top_p:
      result_["top_p"] = value;
      return;
    case request_field::stop:
      result_["stop_sequences"] = value.is_array() ? value : json_object::array({value});
      return;
    case request_field::user:
      result_["metadata"]["user_id"] = value;
      return;
    case request_field::effort:
      return check_.wrong(parameter.where, no_equivalent);
    case request_field::foreign:
      return check_.wrong(parameter.where, parameter.why);
    }
  }

  json_object result_;
  json_object system_ = json_object::array();
  json_object turns_ = json_object::array();
  request_check check_;
};

class anthropic_format final : public dialect {
public:
  std::unique_ptr<codec> make_codec() const override { return make_anthropic_codec(); }

  expected<json_object> write(const neutral_request& what) const override { return writing{}.of(what); }

protected:
  bool is_api(client_api api) const override { return api == client_api::anthropic; }

  /// As the fields came, with the limit of an answer's tokens if they say none.
  upstream_request request(const model& target, const json_object& fields) const override {
    body_writer body{target};
    if (!fields.contains("max_tokens"))
      body.add("max_tokens", target.max_tokens.value_or(default_max_tokens));
    for (auto& [field, value] : fields.items())
      body.add(field, value);
    std::vector<std::pair<std::string, std::string>> credentials{{"anthropic-version", std::string{api_version}}};
    if (!target.at->api_key.empty())
      credentials.emplace_back("x-api-key", target.at->api_key);
    return make_request("/messages", std::move(body).take(), target, std::move(credentials));
  }
};

} // namespace

const dialect& anthropic_dialect() {
  static const anthropic_format format;
  return format;
}

} // namespace parley::wire
