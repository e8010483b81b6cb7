#pragma once
// Answers with the objects of the public contract (`wire/objects/object_json.hpp`).

#include "actors/sessions/api.hpp"
#include "core/check.hpp"
#include "net/server/exchange.hpp"
#include "wire/objects/object_json.hpp"

#include <memory>

namespace parley::net {

using json_object = wire::json_object;
using wire::to_json;
using wire::to_text;

inline json_object to_json(const session_view& view) {
  return to_json(view.about, view.running);
}
inline json_object to_json(const std::shared_ptr<const model>& entry) {
  return to_json(*entry);
}
json_object to_json(const answer_state& state);
json_object to_json(const vote_view& cast);

/// `{"data":[…],"next":null|"…"}`. `next` is the last entry's id, where another page follows.
template <class Entries>
json_object list_object(const Entries& entries, bool more) {
  auto data = json_object::array();
  for (auto& entry : entries)
    data.push_back(to_json(entry));
  json_object result;
  check(!more || !data.empty(), "a page that others follow has an entry");
  auto next = more ? data.back()["id"] : json_object{};
  result["data"] = std::move(data);
  result["next"] = std::move(next);
  return result;
}

/// With a line's end, for who reads it in a terminal.
http_response json_response(int status, const json_object& body);

} // namespace parley::net
