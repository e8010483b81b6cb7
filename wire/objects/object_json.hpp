#pragma once
// The objects that clients see (`docs/protocol.md`, "Objects"), from values of the core. Fields stand in the page's order. What
// a `blind` session or message hides is hidden here: JSON of them is made nowhere else.

#include "core/message.hpp"
#include "core/model.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace parley::wire {

using json_object = nlohmann::ordered_json;

json_object to_json(const session& about, const std::optional<running_turn>& running);
json_object to_json(const message& what);
json_object to_json(const turn_vote& given);
json_object to_json(const model& entry);

/// JSON text. Ill-formed UTF-8, which no text of ours should have, becomes U+FFFD instead of an exception.
std::string to_text(const json_object& what);

} // namespace parley::wire
