#pragma once
// What the AI SDK's chat posts by itself (`DefaultChatTransport`, versions 5 and 6): `{"id","messages","trigger","messageId"}`,
// the messages all that the client shows. The history is the session's own: of the messages, the newest question counts, and
// which answer it follows.

#include "net/api/request_fields.hpp"

#include <optional>
#include <string>
#include <vector>

namespace parley::net {

struct ui_chat_request {
  session_id session_key;
  bool cancel_on_disconnect = false;
  /// `regenerate-message`: an answer is to be made anew, `answer` if the client named it, else the question's.
  bool again = false;
  std::optional<message_id> answer;
  /// The newest question's text.
  std::string question;
  /// As which it is stored if it is new.
  message_id question_id;
  /// As which it may be stored already: under the id of the client's that names it, or as one that was edited.
  std::vector<message_id> known_as;
  /// The answer before it, as far as the client shows one.
  std::optional<message_id> parent;
  /// The question was edited: it begins a branch, at the session's root if there is no parent.
  bool edited = false;
};

/// True for a body that such a client has posted.
bool is_ui_chat(const nlohmann::json& body);

/// Says in `check` what is wrong; the result is of no use then.
ui_chat_request read_ui_chat(request_check& check, const nlohmann::json& body);

/// The id of a message for which the client has no UUID, or one that belongs to another text: the same for the same three, so
/// that a request that is sent twice asks once. A UUID of version 8 (RFC 9562, section 5.8).
message_id derived_id(session_id session_key, std::string_view client_id, std::string_view text);

} // namespace parley::net
