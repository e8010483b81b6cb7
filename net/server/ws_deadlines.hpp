#pragma once
// What is expected of an open WebSocket's client, and by when: a sign of life each so often, that it reads what it is sent, and
// no more messages than so many a second. A value: who holds it looks at it each so often, and does what it says.

#include "core/time.hpp"
#include "net/server/websocket_settings.hpp"

#include <cstddef>
#include <cstdint>

namespace parley::net {

class ws_deadlines {
public:
  enum class due : std::uint8_t {
    nothing,
    /// A ping is to be sent.
    ping,
    /// It answered no ping: the connection is dead.
    no_pong,
    /// It took nothing of what waits for it.
    too_slow,
  };

  explicit ws_deadlines(steady::time_point now) : heard_at_(now) {}

  /// Bytes came.
  void heard(steady::time_point now) {
    heard_at_ = now;
    pinged_ = false;
  }

  steady::time_point heard_at() const { return heard_at_; }

  /// A message, or a control frame, came. False if that is one too many.
  bool count_message(const websocket_settings& settings) {
    if (heard_at_ - second_began_ >= std::chrono::seconds{1}) {
      second_began_ = heard_at_;
      messages_ = 0;
    }
    return ++messages_ <= settings.max_messages_per_second;
  }

  /// `unread` bytes wait for the client, which took `sent` so far.
  due look(steady::time_point now, std::size_t unread, std::uint64_t sent, const websocket_settings& settings) {
    if (unread > 0) {
      if (write_deadline_ != never && sent == sent_)
        return now >= write_deadline_ ? due::too_slow : due::nothing;
      sent_ = sent;
      write_deadline_ = now + settings.write_timeout;
      return due::nothing;
    }
    write_deadline_ = never;
    if (pinged_)
      return now >= pong_deadline_ ? due::no_pong : due::nothing;
    if (now - heard_at_ < settings.ping_interval)
      return due::nothing;
    pinged_ = true;
    pong_deadline_ = now + settings.pong_timeout;
    return due::ping;
  }

private:
  static constexpr auto never = steady::time_point::max();

  steady::time_point heard_at_;
  /// Waits for any sign of life until `pong_deadline_`.
  bool pinged_ = false;
  steady::time_point pong_deadline_;
  /// When the client must have taken something of what is unsent, more than `sent_`.
  steady::time_point write_deadline_ = never;
  std::uint64_t sent_ = 0;
  /// What came within the second that began then.
  int messages_ = 0;
  steady::time_point second_began_{};
};

} // namespace parley::net
