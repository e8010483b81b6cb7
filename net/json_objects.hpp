#pragma once
// The objects that clients see (`docs/protocol.md`, "Objects"), from values of the core. Fields stand in the page's order.

#include "net/exchange.hpp"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace parley::net {

using json_object = nlohmann::ordered_json;

json_object to_json(const session_view& view);
json_object to_json(const message& what);
json_object to_json(const model& entry);
inline json_object to_json(const std::shared_ptr<const model>& entry) {
  return to_json(*entry);
}
json_object to_json(const answer_state& state);

/// `{"data":[…],"next":null|"…"}`. `next` is the last entry's id, where another page follows.
template <class Entries>
json_object list_object(const Entries& entries, bool more) {
  auto data = json_object::array();
  for (auto& entry : entries)
    data.push_back(to_json(entry));
  json_object result;
  auto next = more && !data.empty() ? data.back()["id"] : json_object{};
  result["data"] = std::move(data);
  result["next"] = std::move(next);
  return result;
}

/// JSON text. Ill-formed UTF-8, which no text of ours should have, becomes U+FFFD instead of an exception.
std::string to_text(const json_object& what);

/// With a line's end, for who reads it in a terminal.
http_response json_response(int status, const json_object& body);

} // namespace parley::net
