#include "wire/streams/ws_frames.hpp"

namespace parley::wire {

namespace {

constexpr char final_text = static_cast<char>(0x81); // FIN, opcode 1

/// An array of the objects of all `messages`.
json_object array_of(const std::vector<message>& messages) {
  auto result = json_object::array();
  for (auto& m : messages)
    result.push_back(to_json(m));
  return result;
}

json_object cursor_or_null(const std::optional<cursor>& at) {
  return at ? json_object(to_cursor(at->run, at->offset)) : json_object{};
}

void append_object(std::string& out, const json_object& what) {
  append_text_frame(out, std::string_view{to_text(what)});
}

} // namespace

void finish_text_frame(std::string& out, std::size_t begin) {
  auto length = out.size() - begin - 4;
  if (length >= 126 && length <= 0xffff) { // it fits
    out[begin] = final_text;
    out[begin + 1] = '\x7e';
    out[begin + 2] = static_cast<char>(length >> 8);
    out[begin + 3] = static_cast<char>(length & 0xff);
    return;
  }
  std::string header{final_text};
  auto append_bytes = [&](int count) {
    for (int shift = 8 * (count - 1); shift >= 0; shift -= 8)
      header += static_cast<char>(length >> shift & 0xff);
  };
  if (length < 126) {
    append_bytes(1);
  } else {
    header += '\x7f'; // 64 bits follow
    append_bytes(8);
  }
  out.replace(begin, 4, header);
}

void append_text_frame(std::string& out, std::string_view payload) {
  append_text_frame(out, [&](std::string& to) { to += payload; });
}

std::string_view payload_of_text_frame(std::string_view frames, std::size_t& at) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(frames[at + i]); };
  std::size_t header = 2;
  std::size_t length = byte(1);
  if (length >= 126) {
    header = length == 126 ? 4 : 10;
    length = 0;
    for (std::size_t i = 2; i < header; ++i)
      length = length << 8 | byte(i);
  }
  auto payload = frames.substr(at + header, length);
  at += header + length;
  return payload;
}

void append_connection_established(std::string& out, const json_object& session, const std::optional<cursor>& from,
                                   bool recovered) {
  append_object(out, {{"type", "connection_established"},
                      {"session", session},
                      {"cursor", cursor_or_null(recovered ? from : std::nullopt)},
                      {"recovered", recovered}});
}

void append_session_state(std::string& out, const json_object& session, const std::vector<message>& messages,
                          const std::optional<cursor>& at) {
  append_object(
    out, {{"type", "session_state"}, {"session", session}, {"messages", array_of(messages)}, {"cursor", cursor_or_null(at)}});
}

void append_message_update(std::string& out, std::string_view action, const message& what) {
  append_object(out, {{"type", "message_update"}, {"action", action}, {"message", to_json(what)}});
}

void append_session_update(std::string& out, std::string_view action, const json_object& session) {
  append_object(out, {{"type", "session_update"}, {"action", action}, {"session", session}});
}

void append_typing_indicator(std::string& out, std::string_view user_id, bool is_typing) {
  append_object(out, {{"type", "typing_indicator"}, {"user_id", user_id}, {"is_typing", is_typing}});
}

void append_pong(std::string& out, const json_object& timestamp) {
  append_object(out, {{"type", "pong"}, {"timestamp", timestamp}});
}

void append_error(std::string& out, const failure& why) {
  append_object(out, {{"type", "error"}, {"code", name(why.code)}, {"message", why.message}});
}

} // namespace parley::wire
