#pragma once
// Looking into what a client of the stateless APIs has written: nothing that is missing, or of another type, is an error here.

#include "wire/objects/object_json.hpp"
#include "wire/objects/request_check.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace parley::wire {

/// A field's value; null if there is none, or no object.
const json_object& value_at(const json_object& object, const char* key);

/// A field's text, which lies in `object`; empty if there is none.
std::string_view text_at(const json_object& object, const char* key);

/// `messages[0]`
std::string nth(std::string_view name, std::size_t i);

/// A field that is null counts as absent.
void drop_nulls(json_object& body);

/// `messages` is an array of objects, at least one; `each` looks into one of them, whose place is `where`, until something is
/// wrong.
void check_messages(json_object& body, request_check& check,
                    const std::function<void(json_object& entry, const std::string& where)>& each);

/// A message's content: a string, or an array of parts that say their type.
void check_content(const json_object& content, const std::string& where, request_check& check);

} // namespace parley::wire
