#include "net/api/ui_chat_request.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <openssl/sha.h>

namespace parley::net {

namespace {

using nlohmann::json;

bool has_role(const json& what, std::string_view role) {
  auto at = what.find("role");
  return at != what.end() && *at == role;
}

/// The text of a message's parts. Those of other kinds than text and file are the application's own, and not for the model.
std::string read_parts(request_check& check, const json& what, const std::string& where) {
  field_reader fields{check, what, where + "."};
  std::string text;
  auto parts = fields.array("parts");
  for (std::size_t i = 0; parts && i < parts->size(); ++i) {
    auto place = where + ".parts[" + std::to_string(i) + "]";
    auto& part = (*parts)[i];
    if (!part.is_object()) {
      check.wrong(place, "must be an object.");
      break;
    }
    field_reader part_fields{check, part, place + "."};
    auto type = part_fields.text("type");
    if (type == "file")
      check.wrong(place, "can't be sent: sessions take text only.");
    if (type != "text")
      continue;
    if (!text.empty())
      text += '\n';
    text += part_fields.text("text");
  }
  if (text.empty() && check.ok())
    fields.wrong("parts", "must have text.");
  return text;
}

/// The answer that the client shows nearest above the question; nothing if it is none of ours.
std::optional<message_id> answer_above(const json& messages, std::size_t question) {
  for (auto i = question; i > 0; --i) {
    auto& above = messages[i - 1];
    if (!above.is_object() || !has_role(above, "assistant"))
      continue;
    auto id = above.find("id");
    return id != above.end() && id->is_string() ? parse_id<message_id>(id->get<std::string>()) : std::nullopt;
  }
  return std::nullopt;
}

/// Where the question is: the last message, but for answers that are not to be seen any more when they are made anew.
std::optional<std::size_t> find_question(request_check& check, field_reader& fields, const json& messages, bool again) {
  auto at = messages.size();
  while (at > 0 && messages[at - 1].is_object() && !has_role(messages[at - 1], "user") && again)
    --at;
  if (at > 0 && messages[at - 1].is_object() && has_role(messages[at - 1], "user"))
    return at - 1;
  if (at == 0)
    fields.wrong("messages", "must have a user message.");
  else
    check.wrong("messages[" + std::to_string(at - 1) + "].role",
                "must be user: the last message is the one to answer, and sessions take no results of tools.");
  return std::nullopt;
}

} // namespace

bool is_ui_chat(const json& body) {
  return body.contains("trigger");
}

ui_chat_request read_ui_chat(request_check& check, const json& body) {
  field_reader fields{check, body};
  ui_chat_request wanted;
  wanted.session_key = fields.id<session_id>("id");
  auto trigger = fields.text("trigger");
  wanted.again = trigger == "regenerate-message";
  if (!wanted.again && trigger != "submit-message")
    fields.wrong("trigger", "must be submit-message or regenerate-message.");
  auto named = fields.optional_text("messageId");
  wanted.cancel_on_disconnect = read_cancels(fields);
  auto messages = fields.array("messages");
  auto at = messages ? find_question(check, fields, *messages, wanted.again) : std::nullopt;
  if (!at)
    return wanted;
  auto where = "messages[" + std::to_string(*at) + "]";
  auto& asked = (*messages)[*at];
  auto id = field_reader{check, asked, where + "."}.text("id");
  wanted.question = read_parts(check, asked, where);
  wanted.parent = answer_above(*messages, *at);
  wanted.edited = !wanted.again && named.has_value();
  if (wanted.again && named && *named != id)
    wanted.answer = parse_id<message_id>(*named);
  auto derived = derived_id(wanted.session_key, id, wanted.question);
  auto own = parse_id<message_id>(id);
  wanted.question_id = own && !wanted.edited ? *own : derived;
  wanted.known_as = {derived};
  if (own)
    wanted.known_as.push_back(*own);
  return wanted;
}

message_id derived_id(session_id session_key, std::string_view client_id, std::string_view text) {
  auto name = to_string(session_key);
  name += client_id;
  name += '\0'; // no text of ours has one
  name += text;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(name.data()), name.size(), digest.data());
  message_id made;
  std::copy_n(digest.begin(), made.bytes.size(), made.bytes.begin());
  made.bytes[6] = static_cast<std::uint8_t>((made.bytes[6] & 0x0f) | 0x80); // the version
  made.bytes[8] = static_cast<std::uint8_t>((made.bytes[8] & 0x3f) | 0x80); // the variant
  return made;
}

} // namespace parley::net
