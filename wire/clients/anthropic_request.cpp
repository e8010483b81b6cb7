#include "wire/clients/anthropic_request.hpp"

#include "wire/clients/client_fields.hpp"

namespace parley::wire {

namespace {

bool is_unsigned_reasoning(const json_object& block) {
  return block["type"] == "thinking" && text_at(block, "signature").empty();
}

void check_message(json_object& entry, const std::string& where, request_check& check) {
  if (auto role = text_at(entry, "role"); role != "user" && role != "assistant")
    return check.wrong(where + ".role", "must be user or assistant.");
  if (!entry.contains("content"))
    return check.wrong(where + ".content", "is missing.");
  auto& content = entry["content"];
  check_content(content, where + ".content", check);
  if (check.ok() && content.is_array())
    for (auto block = content.begin(); block != content.end();)
      block = is_unsigned_reasoning(*block) ? content.erase(block) : std::next(block);
}

} // namespace

expected<anthropic_request> read_anthropic_request(json_object body) {
  anthropic_request result;
  request_check check;
  drop_nulls(body);
  result.model = text_at(body, "model");
  if (!value_at(body, "model").is_string())
    check.wrong("model", body.contains("model") ? "must be a string." : "is missing; it must be a string.");
  auto most = body.find("max_tokens");
  if (most == body.end() || !most->is_number_integer() || *most < 1)
    check.wrong("max_tokens",
                most == body.end() ? "is missing; it must be a whole number." : "must be a whole number from 1 on.");
  if (auto stream = body.find("stream"); stream != body.end()) {
    if (!stream->is_boolean())
      check.wrong("stream", "must be true or false.");
    result.stream = *stream == true;
  }
  check_messages(body, check, [&](json_object& entry, const std::string& where) { check_message(entry, where, check); });
  if (auto system = body.find("system"); system != body.end())
    check_content(*system, "system", check);
  if (auto tools = body.find("tools"); tools != body.end() && !tools->is_array())
    check.wrong("tools", "must be an array.");
  if (!check.ok())
    return tl::unexpected{check.problem()};
  body.erase("model");
  body.erase("stream");
  result.ask = std::make_shared<const client_request>(client_request{client_api::anthropic, std::move(body)});
  return result;
}

} // namespace parley::wire
