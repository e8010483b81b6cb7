#pragma once
// One who watches a session by WebSocket while a turn is streamed: what it is sent, from the handshake to the stored answers.

#include "bench/seen_answers.hpp"
#include "bench/ws_frames.hpp"

#include <string>
#include <string_view>

namespace parley::bench {

class observer {
public:
  int fd = -1;
  /// The handshake was sent.
  bool asked = false;
  /// It has seen all, or failed.
  bool over = false;

  /// The request that opens it.
  std::string begin(const std::string& session, std::uint16_t port) {
    return ws::handshake("/ws/chat/session/" + session + "/", port);
  }

  /// Takes what the server sent; says what is wrong with it, or nothing. `each(sent)` is called for every chunk in it.
  template <class F>
  const char* take(std::string_view bytes, F&& each) {
    in_ += bytes;
    if (!upgraded_) {
      auto end = in_.find("\r\n\r\n");
      if (end == std::string::npos)
        return nullptr;
      if (!in_.starts_with("HTTP/1.1 101"))
        return "the WebSocket was refused";
      upgraded_ = true;
      in_.erase(0, end + 4);
    }
    std::size_t at = 0;
    while (auto frame = ws::parse(std::string_view{in_}.substr(at))) {
      if (frame->code != ws::opcode::text || !frame->fin)
        return "a frame that isn't a whole text";
      if (frame->payload.starts_with(R"({"type":"session_state")"))
        joined_ = true;
      else if (auto* wrong = answers_.take(frame->payload, each))
        return wrong;
      at += frame->size;
    }
    in_.erase(0, at);
    return nullptr;
  }

  /// From here on it misses nothing.
  bool joined() const { return joined_; }

  /// How many answers it saw from their first character to their being stored.
  std::size_t whole() const { return answers_.whole(); }

private:
  bool upgraded_ = false;
  bool joined_ = false;
  std::string in_;
  seen_answers answers_;
};

} // namespace parley::bench
