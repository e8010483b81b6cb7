#pragma once
// What a WebSocket subscriber is sent (`docs/protocol.md`, "WebSocket"): JSON objects, each the payload of one unmasked text
// frame (RFC 6455, section 5.2). All functions append whole frames.

#include "wire/objects/cursor.hpp"
#include "wire/objects/object_json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace parley::wire {

/// RFC 6455, section 7.4.1, and those of our own.
namespace close_code {

constexpr std::uint16_t going_away = 1001;
constexpr std::uint16_t unsupported = 1003;
constexpr std::uint16_t bad_text = 1007;
constexpr std::uint16_t policy = 1008;
constexpr std::uint16_t no_such_session = 4404;
constexpr std::uint16_t too_slow = 4408;

} // namespace close_code

/// Appends a frame whose payload `write(out)` appends.
template <class Write>
void append_text_frame(std::string& out, Write write);

void append_text_frame(std::string& out, std::string_view payload);

/// The payload of the frame that begins at `at` in frames of ours; `at` becomes its end.
std::string_view payload_of_text_frame(std::string_view frames, std::size_t& at);

/// `cursor` is `from` again, where it could be taken up.
void append_connection_established(std::string& out, const json_object& session, const std::optional<cursor>& from,
                                   bool recovered);

void append_session_state(std::string& out, const json_object& session, const std::vector<message>& messages,
                          const std::optional<cursor>& at);

/// `action` is `created`, `completed` or `voted`.
void append_message_update(std::string& out, std::string_view action, const message& what);

/// `action` is `updated` or `deleted`.
void append_session_update(std::string& out, std::string_view action, const json_object& session);

void append_typing_indicator(std::string& out, std::string_view user_id, bool is_typing);

/// `timestamp` is the client's own, as it sent it.
void append_pong(std::string& out, const json_object& timestamp);

void append_error(std::string& out, const failure& why);

// == Inside ==========================================================================================================

/// Puts the header of the payload after `begin + 4` in its place.
void finish_text_frame(std::string& out, std::size_t begin);

template <class Write>
void append_text_frame(std::string& out, Write write) {
  auto begin = out.size();
  out.append(4, '\0'); // right for payloads of 126 bytes to 64 KiB, as most are
  write(out);
  finish_text_frame(out, begin);
}

} // namespace parley::wire
