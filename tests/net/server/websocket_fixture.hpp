#pragma once
// The WebSocket endpoint behind a real listener, with feeds that keep what they hear; and a client that speaks RFC 6455 as
// badly as a test wants.

#include "net/api/handlers_websocket.hpp"
#include "net/server/listener.hpp"
#include "wire/streams/ws_frames.hpp"

#include "tests/net/server/raw_client.hpp"
#include "tests/support/eventually.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <array>
#include <atomic>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace parley::net {

inline constexpr auto watched_text = "0190b6f0-7c1e-7d5a-9f3e-000000000001";
inline const std::string watched_path = std::string{"/ws/chat/session/"} + watched_text + "/";

/// RFC 6455, section 1.2: this key has that answer.
inline constexpr auto sample_key = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr auto sample_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// == Frames ==========================================================================================================

namespace opcode {

constexpr std::uint8_t continuation = 0;
constexpr std::uint8_t text = 1;
constexpr std::uint8_t binary = 2;
constexpr std::uint8_t close = 8;
constexpr std::uint8_t ping = 9;
constexpr std::uint8_t pong = 10;

} // namespace opcode

constexpr std::uint8_t fin = 0x80;

/// How the length is written: 7 bits, 16 or 64.
enum class length_form : std::uint8_t { shortest, two_bytes, eight_bytes };

inline std::string header_of(std::uint8_t first, std::uint64_t length, length_form form, bool masked) {
  std::string out{static_cast<char>(first)};
  auto mask = masked ? 0x80 : 0;
  auto append = [&](int marker, int bytes) {
    out += static_cast<char>(marker | mask);
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
      out += static_cast<char>(length >> shift & 0xff);
  };
  if (form == length_form::eight_bytes || length > 0xffff)
    append(127, 8);
  else if (form == length_form::two_bytes || length > 125)
    append(126, 2);
  else
    out += static_cast<char>(static_cast<int>(length) | mask);
  return out;
}

/// A client's frame.
inline std::string masked(std::uint8_t first, std::string_view payload, length_form form = length_form::shortest,
                          const std::array<char, 4>& key = {0x37, '\xfa', 0x21, 0x3d}) {
  auto out = header_of(first, payload.size(), form, true);
  out.append(key.data(), key.size());
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ key[i % 4]);
  return out;
}

inline std::string text_message(std::string_view payload) {
  return masked(fin | opcode::text, payload);
}

inline std::string close_payload(int code, std::string_view reason = {}) {
  return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}.append(reason);
}

struct frame {
  /// 0 if the connection ended instead.
  std::uint8_t first = 0;
  std::string payload;
};

class ws_client : public raw_client {
public:
  using raw_client::raw_client;

  /// The status, and the header in `handshake`.
  int upgrade(const std::string& target = watched_path, const std::string& more_fields = {}) {
    send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
         + sample_key + "\r\nSec-WebSocket-Version: 13\r\n" + more_fields + "\r\n");
    handshake = read_response(false);
    return handshake.status;
  }

  frame read_frame() {
    auto head = read(2);
    if (head.size() < 2)
      return {};
    auto length = static_cast<std::uint64_t>(static_cast<std::uint8_t>(head[1]));
    CAF_REQUIRE(length < 128); // a server's frames aren't masked (section 5.1)
    if (length > 125) {
      auto extended = read(length == 126 ? 2 : 8);
      length = 0;
      for (auto byte : extended)
        length = length << 8 | static_cast<std::uint8_t>(byte);
    }
    return {static_cast<std::uint8_t>(head[0]), read(length)};
  }

  /// The next text, whole in one frame.
  std::string read_text() {
    auto next = read_frame();
    CAF_CHECK_EQUAL(static_cast<int>(next.first), fin | opcode::text);
    return next.payload;
  }

  nlohmann::json read_json() { return nlohmann::json::parse(read_text(), nullptr, false); }

  /// Reads up to a close frame: its code, 0 if it has none, -1 if the connection ended without one.
  int read_close() {
    for (;;) {
      auto next = read_frame();
      if (next.first == 0)
        return -1;
      if (next.first == (fin | opcode::close))
        return next.payload.size() < 2
                 ? 0
                 : static_cast<std::uint8_t>(next.payload[0]) << 8 | static_cast<std::uint8_t>(next.payload[1]);
    }
  }

  raw_response handshake;
};

// == The endpoint ====================================================================================================

/// What a feed heard; guarded by `mutex`.
struct feed_record {
  std::mutex mutex;
  /// The test is over: what a connection still does isn't kept.
  bool over = false;
  std::vector<feed_actor> feeds;
  std::vector<session_id> sessions;
  std::vector<join_feed> joins;
  std::vector<std::uint64_t> left;
  std::vector<std::uint64_t> drained;
  std::vector<subscriber_typing> typing;
  int states_asked = 0;
  int ended = 0;
};

/// Greets with `{"type":"hello"}`, answers `request_state` with `{"type":"state"}`, and keeps the rest.
class recording_feed final : public homed<feed_actor::base> {
public:
  recording_feed(caf::actor_config& config, home_loop& home, std::shared_ptr<feed_record> record)
    : homed(config, home.unit()), record_(std::move(record)) {}

  feed_actor::behavior_type make_behavior() override {
    return {[](const log_piece&) {},
            [this](const join_feed& m) {
              std::lock_guard guard{record_->mutex};
              who_ = m.who;
              if (!record_->over)
                record_->joins.push_back(m);
              say(R"({"type":"hello"})");
            },
            [this](const leave_feed& m) {
              std::lock_guard guard{record_->mutex};
              record_->left.push_back(m.subscriber);
            },
            [this](const subscriber_drained& m) {
              std::lock_guard guard{record_->mutex};
              record_->drained.push_back(m.subscriber);
            },
            [this](const request_state&) {
              std::lock_guard guard{record_->mutex};
              ++record_->states_asked;
              say(R"({"type":"state"})");
            },
            [this](const subscriber_typing& m) {
              std::lock_guard guard{record_->mutex};
              record_->typing.push_back(m);
            },
            [](const run_announced&) {},
            [](const session_announced&) {},
            [](feed_round) {}};
  }

  void ended() override {
    who_ = nullptr;
    std::lock_guard guard{record_->mutex};
    ++record_->ended;
  }

private:
  void say(std::string_view text) {
    auto frames = std::make_shared<std::string>();
    wire::append_text_frame(*frames, text);
    who_->deliver(frames);
  }

  std::shared_ptr<feed_record> record_;
  std::shared_ptr<subscriber> who_;
};

inline websocket_settings websocket_test_settings() {
  websocket_settings result;
  result.max_messages_per_second = 1'000'000;
  return result;
}

/// One loop, so that what one connection was answered was read by the others before.
class websocket_fixture {
public:
  explicit websocket_fixture(const websocket_settings& settings = websocket_test_settings(), http_settings http = any_port(),
                             origin_policy origins = {})
    : sys_(config_) {
    auto sockets = std::make_shared<websockets>(1, settings, [&sys = sys_, kept = record](home_loop& home, session_id id) {
      feed_actor made = sys.spawn<recording_feed>(home, kept);
      std::lock_guard guard{kept->mutex};
      if (!kept->over) {
        kept->sessions.push_back(id);
        kept->feeds.push_back(made);
      }
      return made;
    });
    api_context api;
    api.origins = origins;
    api.sockets = sockets;
    auto routes = std::make_shared<router>(origins);
    add_websocket_routes(*routes, std::make_shared<const api_context>(std::move(api)));
    auto opened = listener::open(sys_, http, [routes](exchange& ex) { routes->serve(ex); });
    CAF_REQUIRE(opened);
    clients = std::move(*opened);
  }

  ~websocket_fixture() {
    clients.reset();
    // Connections may still be ending: they let go of their feeds.
    std::lock_guard guard{record->mutex};
    record->over = true;
    record->joins.clear();
    record->feeds.clear();
  }

  static http_settings any_port() {
    http_settings result;
    result.port = 0;
    return result;
  }

  /// A client that is subscribed, and has read the greeting.
  ws_client subscribed(int receive_buffer = 0, const std::string& target = watched_path) const {
    ws_client client{clients->port(), receive_buffer};
    CAF_REQUIRE_EQUAL(client.upgrade(target), 101);
    CAF_REQUIRE_EQUAL(client.read_text(), R"({"type":"hello"})");
    return client;
  }

  ws_client connect(int receive_buffer = 0) const { return ws_client{clients->port(), receive_buffer}; }

  /// Runs it on the loop, and waits.
  void on_loop(const std::function<void()>& task) {
    std::promise<void> done;
    loops{sys_}.at(0).post([&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  /// The subscriber that joined last.
  std::shared_ptr<subscriber> last_joined() {
    std::lock_guard guard{record->mutex};
    return record->joins.back().who;
  }

  template <class Look>
  auto recorded(Look look) {
    std::lock_guard guard{record->mutex};
    return look(*record);
  }

  static frame_ptr text_frame(std::string_view payload) {
    auto frames = std::make_shared<std::string>();
    wire::append_text_frame(*frames, payload);
    return frames;
  }

private:
  struct config : caf::actor_system_config {
    config() { load_loops(*this, 1, {}); }
  };

  config config_;
  caf::actor_system sys_;

public:
  std::shared_ptr<feed_record> record = std::make_shared<feed_record>();
  /// Last: it goes before the system.
  std::unique_ptr<listener> clients;
};

} // namespace parley::net
