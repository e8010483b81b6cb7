#include "actors/runs/blind_calls.hpp"

#include "core/blinding.hpp"

#include <algorithm>

namespace parley {

void blind_calls::hide(answer_event& event) {
  if (auto* begun = std::get_if<tool_call_begin>(&event)) {
    ids_.push_back(begun->id);
    begun->id = blind_call_id(ids_.size());
    return;
  }
  auto hide = [&](std::string& id) {
    auto known = std::find(ids_.rbegin(), ids_.rend(), id);
    id = blind_call_id(static_cast<std::size_t>(ids_.rend() - known));
  };
  if (auto* grown = std::get_if<tool_call_delta>(&event))
    hide(grown->id);
  else if (auto* whole = std::get_if<tool_call>(&event))
    hide(whole->id);
  else if (std::holds_alternative<answer_restart>(event))
    ids_.clear();
}

} // namespace parley
