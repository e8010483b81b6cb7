#pragma once
// What a participant is sent: made from the conversation by `core/conversation`, written for a provider by its codec.

#include "core/message.hpp"

#include <string>
#include <vector>

namespace parley {

/// Only user and assistant: the system prompt stands apart.
struct prompt_message {
  message_role role = message_role::user;
  std::string content;

  friend bool operator==(const prompt_message&, const prompt_message&) = default;
};

struct prompt {
  /// May be empty.
  std::string system;
  /// In the order of the conversation; the last is the user's.
  std::vector<prompt_message> messages;
  sampling_parameters parameters;
};

} // namespace parley
