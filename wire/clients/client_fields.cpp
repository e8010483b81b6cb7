#include "wire/clients/client_fields.hpp"

namespace parley::wire {

const json_object& value_at(const json_object& object, const char* key) {
  static const json_object absent;
  if (!object.is_object())
    return absent;
  auto found = object.find(key);
  return found == object.end() ? absent : *found;
}

std::string_view text_at(const json_object& object, const char* key) {
  auto& value = value_at(object, key);
  return value.is_string() ? std::string_view{value.get_ref<const std::string&>()} : std::string_view{};
}

std::string nth(std::string_view name, std::size_t i) {
  return std::string{name} + "[" + std::to_string(i) + "]";
}

void drop_nulls(json_object& body) {
  for (auto field = body.begin(); field != body.end();)
    field = field->is_null() ? body.erase(field) : std::next(field);
}

void check_messages(json_object& body, request_check& check,
                    const std::function<void(json_object& entry, const std::string& where)>& each) {
  auto found = body.find("messages");
  if (found == body.end() || !found->is_array())
    return check.wrong("messages", "must be an array.");
  if (found->empty())
    return check.wrong("messages", "must not be empty.");
  for (std::size_t i = 0; i < found->size() && check.ok(); ++i) {
    auto where = nth("messages", i);
    if (!(*found)[i].is_object())
      return check.wrong(where, "must be an object.");
    each((*found)[i], where);
  }
}

void check_content(const json_object& content, const std::string& where, request_check& check) {
  if (content.is_string())
    return;
  if (!content.is_array())
    return check.wrong(where, "must be a string or an array of parts.");
  for (std::size_t i = 0; i < content.size(); ++i) {
    auto part = nth(where, i);
    if (!content[i].is_object())
      return check.wrong(part, "must be an object.");
    if (!value_at(content[i], "type").is_string())
      return check.wrong(part + ".type", "is missing; it must be a string.");
  }
}

} // namespace parley::wire
