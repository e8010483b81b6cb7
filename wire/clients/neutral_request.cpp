#include "wire/clients/neutral_request.hpp"

namespace parley::wire {

namespace {

request_role to_role(message_role role) {
  return role == message_role::assistant ? request_role::assistant : request_role::user;
}

} // namespace

neutral_request to_neutral(const client_request& what) {
  switch (what.api) {
  case client_api::openai:
    return openai_to_neutral(what.fields);
  case client_api::anthropic:
    return anthropic_to_neutral(what.fields);
  }
  return {};
}

neutral_request to_neutral(const prompt& what) {
  neutral_request result;
  auto say = [&](request_role role, std::string_view text) { result.messages.push_back({role, {{{}, text_part{text}}}}); };
  if (!what.system.empty())
    say(request_role::system, what.system);
  for (auto& entry : what.messages)
    say(to_role(entry.role), entry.content);
  auto set = [&](request_field field, json_object value) { result.parameters.push_back({field, {}, std::move(value), {}}); };
  auto& parameters = what.parameters;
  if (parameters.temperature)
    set(request_field::temperature, *parameters.temperature);
  if (parameters.top_p)
    set(request_field::top_p, *parameters.top_p);
  if (parameters.max_tokens)
    set(request_field::max_tokens, *parameters.max_tokens);
  if (!parameters.stop.empty())
    set(request_field::stop, parameters.stop);
  return result;
}

} // namespace parley::wire
