#include "wire/clients/ws_messages.hpp"

namespace parley::wire {

namespace {

tl::unexpected<failure> refuse(std::string why, std::string param = {}) {
  return fail(ec::invalid_request, std::move(why), std::move(param));
}

} // namespace

expected<client_message> parse_client_message(std::string_view text) {
  auto said = json_object::parse(text, nullptr, false);
  // The JSON library takes a NUL for the end.
  if (!said.is_object() || text.find('\0') != std::string_view::npos)
    return refuse("A message must be a JSON object.");
  auto type = said.find("type");
  if (type == said.end() || !type->is_string())
    return refuse("type is missing.", "type");
  auto& name = type->get_ref<const std::string&>();
  if (name == "ping") {
    client_ping ping;
    if (auto at = said.find("timestamp"); at != said.end()) {
      if (at->is_structured())
        return refuse("timestamp must be a number or a text.", "timestamp");
      ping.timestamp = *at;
    }
    return ping;
  }
  if (name == "request_state")
    return client_wants_state{};
  if (name == "typing_indicator") {
    auto is_typing = said.find("is_typing");
    if (is_typing == said.end() || !is_typing->is_boolean())
      return refuse("is_typing must be true or false.", "is_typing");
    return client_typing{is_typing->get<bool>()};
  }
  return refuse("There is no such type of message.", "type");
}

} // namespace parley::wire
