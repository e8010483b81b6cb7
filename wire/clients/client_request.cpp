#include "wire/clients/client_request.hpp"

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

} // namespace

std::size_t prompt_bytes(const client_request& what) {
  std::size_t bytes = 0;
  for (auto field : {"system", "messages", "tools"})
    if (auto found = what.fields.find(field); found != what.fields.end())
      bytes += text_bytes(*found);
  return bytes;
}

} // namespace parley::wire
