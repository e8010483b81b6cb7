#pragma once
// The tool calls of an answer that nobody may know the model of: their ids would tell the provider, so they get others.

#include "core/answer_event.hpp"

#include <string>
#include <vector>

namespace parley {

class blind_calls {
public:
  /// Gives the event's tool call, if it has one, an id that says nothing of whose it is; the same to all events of a call.
  void hide(answer_event& event);

private:
  /// As the provider named them, in the order in which they began.
  std::vector<std::string> ids_;
};

} // namespace parley
