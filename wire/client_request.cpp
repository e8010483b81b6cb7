#include "wire/client_request.hpp"

#include "wire/anthropic_codec.hpp"
#include "wire/anthropic_to_openai.hpp"
#include "wire/openai_codec.hpp"
#include "wire/openai_to_anthropic.hpp"

namespace parley::wire {

namespace {

/// All strings below, but for those of images and files, which are data.
std::size_t text_bytes(const json_object& value) {
  if (value.is_string())
    return value.get_ref<const std::string&>().size();
  std::size_t bytes = 0;
  if (value.is_array())
    for (auto& entry : value)
      bytes += text_bytes(entry);
  if (value.is_object())
    for (auto& [key, entry] : value.items())
      if (key != "image_url" && key != "file" && key != "source" && key != "input_audio")
        bytes += text_bytes(entry);
  return bytes;
}

client_api api_of(provider_kind kind) {
  return kind == provider_kind::anthropic ? client_api::anthropic : client_api::openai;
}

/// Into the other API.
expected<json_object> translate(const client_request& what) {
  switch (what.api) {
  case client_api::openai:
    return openai_to_anthropic(what.fields);
  case client_api::anthropic:
    break;
  }
  return anthropic_to_openai(what.fields);
}

} // namespace

std::size_t prompt_bytes(const client_request& what) {
  std::size_t bytes = 0;
  for (auto field : {"system", "messages", "tools"})
    if (auto found = what.fields.find(field); found != what.fields.end())
      bytes += text_bytes(*found);
  return bytes;
}

expected<void> can_be_asked(const model& target, const client_request& what) {
  if (what.api == api_of(target.at->kind))
    return {};
  return translate(what).map([](const json_object&) {});
}

expected<upstream_request> encode_request(const model& target, const client_request& what) {
  auto spoken = api_of(target.at->kind);
  auto encode = [&](const json_object& fields) {
    return spoken == client_api::openai ? encode_openai_fields(target, fields) : encode_anthropic_fields(target, fields);
  };
  if (what.api == spoken)
    return encode(what.fields);
  return translate(what).map(encode);
}

} // namespace parley::wire
