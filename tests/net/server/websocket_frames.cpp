#define CAF_SUITE net.server.websocket_frames

// RFC 6455, what a server must make of a client's frames.

#include "tests/net/server/websocket_fixture.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;
using namespace std::string_literals;

namespace {

/// A message of exactly that size, and the text that its answer repeats.
struct sized_ping {
  explicit sized_ping(std::size_t size) {
    const auto around = R"({"type":"ping","timestamp":""})"s;
    stamp = std::string(size - around.size(), 'x');
    message = R"({"type":"ping","timestamp":")" + stamp + "\"}";
  }
  std::string stamp;
  std::string message;
};

std::string ping_saying(const std::string& stamp) {
  return R"({"type":"ping","timestamp":")" + stamp + "\"}";
}

/// The code with which the server closes after these bytes, and that it ends the connection then.
int refusal(const websocket_fixture& server, const std::string& bytes) {
  auto client = server.subscribed();
  client.send(bytes);
  auto code = client.read_close();
  client.end_sending();
  CAF_CHECK_EQUAL(client.read_to_end(), "");
  return code;
}

/// The same, answered: what the client said came whole.
std::string answer_to(const websocket_fixture& server, const std::string& bytes) {
  auto client = server.subscribed();
  client.send(bytes);
  auto said = client.read_json();
  CAF_CHECK_EQUAL(said.value("type", ""), "pong");
  return said.value("timestamp", "");
}

} // namespace

CAF_TEST(every length is read in its own form) {
  websocket_fixture server;
  auto client = server.subscribed();
  for (std::size_t size : {30, 31, 124, 125, 126, 127, 128, 255, 256, 1535, 1536, 1537, 4096, 65'534, 65'535, 65'536}) {
    sized_ping ping{size};
    CAF_REQUIRE_EQUAL(ping.message.size(), size);
    client.send(text_message(ping.message));
    auto said = client.read_json();
    CAF_CHECK_EQUAL(said["type"], "pong");
    CAF_CHECK(said["timestamp"] == ping.stamp);
  }
}

CAF_TEST(a length in a longer form than it needs is refused) {
  websocket_fixture server;
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::text, "{}", length_form::two_bytes)), 1002);
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::text, "{}", length_form::eight_bytes)), 1002);
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::text, std::string(125, ' '), length_form::two_bytes)), 1002);
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::text, std::string(65'535, ' '), length_form::eight_bytes)), 1002);
}

CAF_TEST(a message that is too large is refused by its header) {
  websocket_fixture server;
  auto key = "abcd"s;
  CAF_CHECK_EQUAL(refusal(server, header_of(fin | opcode::text, 65'537, length_form::eight_bytes, true) + key), 1009);
  CAF_CHECK_EQUAL(refusal(server, header_of(fin | opcode::text, 1ULL << 40, length_form::eight_bytes, true) + key), 1009);
  CAF_CHECK_EQUAL(refusal(server, header_of(fin | opcode::binary, 0x7fffffffffffffff, length_form::eight_bytes, true) + key),
                  1009);
  // Section 5.2: the most significant bit must be 0.
  auto code = refusal(server, header_of(fin | opcode::text, 0x8000000000000000, length_form::eight_bytes, true) + key);
  CAF_CHECK(code == 1009 || code == 1002);
  // All fragments together.
  auto half = masked(opcode::text, std::string(40'000, ' '));
  CAF_CHECK_EQUAL(refusal(server, half + header_of(fin | opcode::continuation, 25'537, length_form::shortest, true) + key), 1009);
  std::string many = masked(opcode::text, std::string(1000, ' '));
  for (int i = 0; i < 65; ++i)
    many += masked(opcode::continuation, std::string(1000, ' '));
  CAF_CHECK_EQUAL(refusal(server, many), 1009);
}

CAF_TEST(frames without a mask are refused) {
  websocket_fixture server;
  CAF_CHECK_EQUAL(refusal(server, header_of(fin | opcode::text, 2, length_form::shortest, false) + "{}"), 1002);
  CAF_CHECK_EQUAL(refusal(server, header_of(fin | opcode::ping, 0, length_form::shortest, false)), 1002);
  CAF_CHECK_EQUAL(refusal(server, header_of(fin | opcode::close, 0, length_form::shortest, false)), 1002);
  CAF_CHECK_EQUAL(refusal(server, masked(opcode::text, "{") + header_of(fin, 1, length_form::shortest, false) + "}"), 1002);
}

CAF_TEST(every mask is taken off) {
  websocket_fixture server;
  for (auto& key : {std::array<char, 4>{0, 0, 0, 0}, {'\xff', '\xff', '\xff', '\xff'}, {1, 2, 3, 4}, {0, 0, 0, 1}})
    CAF_CHECK_EQUAL(answer_to(server, masked(fin | opcode::text, ping_saying("mask"), length_form::shortest, key)), "mask");
}

CAF_TEST(reserved bits and opcodes are refused) {
  websocket_fixture server;
  for (std::uint8_t bits : {0x10, 0x20, 0x40, 0x70})
    for (std::uint8_t code : {opcode::text, opcode::binary, opcode::ping, opcode::close})
      CAF_CHECK_EQUAL(refusal(server, masked(fin | bits | code, "")), 1002);
  for (std::uint8_t code : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
    CAF_CHECK_EQUAL(refusal(server, masked(static_cast<std::uint8_t>(fin | code), "")), 1002);
  for (std::uint8_t code : {3, 7, 11, 15})
    CAF_CHECK_EQUAL(refusal(server, masked(opcode::text, "{") + masked(static_cast<std::uint8_t>(fin | code), "")), 1002);
}

CAF_TEST(a message may come in fragments of any size) {
  websocket_fixture server;
  auto message = ping_saying("one two");
  for (std::size_t size = 1; size <= message.size(); ++size) {
    std::string frames;
    for (std::size_t at = 0; at < message.size(); at += size) {
      auto first = at == 0 ? opcode::text : opcode::continuation;
      auto last = at + size >= message.size() ? fin : std::uint8_t{0};
      frames += masked(first | last, message.substr(at, size));
    }
    CAF_CHECK_EQUAL(answer_to(server, frames), "one two");
  }
  // Empty ones, too.
  auto empty = masked(opcode::continuation, "");
  CAF_CHECK_EQUAL(answer_to(server, masked(opcode::text, "") + empty + masked(opcode::continuation, message) + empty
                                      + masked(fin | opcode::continuation, "")),
                  "one two");
}

CAF_TEST(fragments in the wrong order are refused) {
  websocket_fixture server;
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::continuation, "{}")), 1002);
  CAF_CHECK_EQUAL(refusal(server, masked(opcode::continuation, "{}")), 1002);
  CAF_CHECK_EQUAL(refusal(server, masked(opcode::text, "{") + masked(fin | opcode::text, "}")), 1002);
  CAF_CHECK_EQUAL(refusal(server, masked(opcode::text, "{") + masked(opcode::binary, "}")), 1002);
  CAF_CHECK_EQUAL(refusal(server, text_message(ping_saying("")) + masked(fin | opcode::continuation, "{}")), 1002);
}

CAF_TEST(a ping is answered with what it carried) {
  websocket_fixture server;
  auto client = server.subscribed();
  for (std::size_t size = 0; size <= 125; ++size) {
    std::string payload(size, static_cast<char>(size * 7));
    client.send(masked(fin | opcode::ping, payload));
    auto answer = client.read_frame();
    CAF_CHECK_EQUAL(static_cast<int>(answer.first), fin | opcode::pong);
    CAF_CHECK(answer.payload == payload);
  }
  // Pongs that nobody asked for are nothing to be answered (section 5.5.3).
  client.send(masked(fin | opcode::pong, "") + masked(fin | opcode::pong, "unasked") + text_message(ping_saying("after")));
  CAF_CHECK_EQUAL(client.read_json().value("timestamp", ""), "after");
}

CAF_TEST(control frames may stand between fragments) {
  websocket_fixture server;
  auto client = server.subscribed();
  client.send(masked(opcode::text, R"({"type":"pi)") + masked(fin | opcode::ping, "one") + masked(opcode::continuation, R"(ng",)")
              + masked(fin | opcode::pong, "two") + masked(fin | opcode::ping, "three")
              + masked(fin | opcode::continuation, R"("timestamp":"whole"})"));
  CAF_CHECK_EQUAL(client.read_frame().payload, "one");
  CAF_CHECK_EQUAL(client.read_frame().payload, "three");
  CAF_CHECK_EQUAL(client.read_json().value("timestamp", ""), "whole");
  CAF_CHECK_EQUAL(refusal(server, masked(opcode::text, "{") + masked(fin | opcode::close, close_payload(1000))), 1000);
}

CAF_TEST(control frames are short and whole) {
  websocket_fixture server;
  for (auto code : {opcode::ping, opcode::pong, opcode::close}) {
    auto payload = code == opcode::close ? close_payload(1000, std::string(124, 'x')) : std::string(126, 'x');
    CAF_CHECK_EQUAL(refusal(server, masked(fin | code, payload)), 1002);
    CAF_CHECK_EQUAL(refusal(server, masked(code, close_payload(1000))), 1002);
    CAF_CHECK_EQUAL(refusal(server, masked(opcode::text, "{") + masked(code, close_payload(1000))), 1002);
  }
}

CAF_TEST(a close frame is answered with its code) {
  websocket_fixture server;
  for (int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999}) {
    CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::close, close_payload(code))), code);
    CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::close, close_payload(code, "grüße"))), code);
  }
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::close, close_payload(1000, std::string(123, 'x')))), 1000);
  auto code = refusal(server, masked(fin | opcode::close, ""));
  CAF_CHECK(code == 0 || code == 1000);
}

CAF_TEST(codes beyond those that the RFC speaks of are answered) {
  websocket_fixture server;
  for (int code : {5000, 65'535})
    CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::close, close_payload(code))), code);
}

CAF_TEST(codes that nobody may send are refused) {
  websocket_fixture server;
  for (int code : {0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999})
    CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::close, close_payload(code))), 1002);
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::close, "\x03")), 1002);
  for (auto& reason : {"\xff"s, "\xc3"s, "\xed\xa0\x80"s, "fine until\x80"s}) {
    auto code = refusal(server, masked(fin | opcode::close, close_payload(1000, reason)));
    CAF_CHECK(code == 1002 || code == 1007);
  }
}

CAF_TEST(nothing is said after a close frame) {
  websocket_fixture server;
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::close, close_payload(1000)) + text_message(ping_saying("late"))
                                    + masked(fin | opcode::ping, "late")),
                  1000);
}

CAF_TEST(texts are UTF - 8 wherever they are cut) {
  websocket_fixture server;
  const auto stamp = "aé€😀\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80z"s;
  auto message = ping_saying(stamp);
  for (std::size_t at = 0; at <= message.size(); ++at)
    CAF_CHECK_EQUAL(
      answer_to(server, masked(opcode::text, message.substr(0, at)) + masked(fin | opcode::continuation, message.substr(at))),
      stamp);
}

CAF_TEST(what is no UTF - 8 is refused wherever it is cut) {
  websocket_fixture server;
  const std::vector<std::string> wrong{"\x80", "\xbf", "\xff", "\xfe", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf",
                                       "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xc3(", "\xe2\x82(", "\xf0\x9f\x98(",
                                       // ends within a character
                                       "\xc3", "\xe2", "\xe2\x82", "\xf0", "\xf0\x9f", "\xf0\x9f\x98"};
  for (auto& bytes : wrong)
    for (auto& text : {bytes, "ab" + bytes, "é" + bytes})
      for (std::size_t at = 0; at <= text.size(); ++at) {
        auto first = masked(opcode::text, text.substr(0, at));
        CAF_CHECK_EQUAL(refusal(server, first + masked(fin | opcode::continuation, text.substr(at))), 1007);
        // An empty fragment at the end.
        if (at == text.size())
          CAF_CHECK_EQUAL(refusal(server, first + masked(opcode::continuation, "") + masked(fin | opcode::continuation, "")),
                          1007);
      }
}

CAF_TEST(binary messages are refused) {
  websocket_fixture server;
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::binary, "{}")), 1003);
  CAF_CHECK_EQUAL(refusal(server, masked(fin | opcode::binary, "")), 1003);
  CAF_CHECK_EQUAL(refusal(server, masked(opcode::binary, "\xff") + masked(fin | opcode::continuation, "\xff")), 1003);
}

CAF_TEST(bytes may come cut at every offset) {
  websocket_fixture server;
  auto other = server.subscribed();
  // A round trip of the loop: what was sent before on any connection has been read.
  auto turn = [&] {
    other.send(masked(fin | opcode::ping, ""));
    CAF_REQUIRE_EQUAL(static_cast<int>(other.read_frame().first), fin | opcode::pong);
  };
  auto bytes = masked(opcode::text, R"({"type":)") + masked(fin | opcode::ping, "hi")
               + masked(fin | opcode::continuation, "\"ping\",\"timestamp\":\"€" + std::string(130, 'x') + "\"}")
               + masked(fin | opcode::close, close_payload(1000));
  for (std::size_t at = 1; at < bytes.size(); ++at) {
    auto client = server.subscribed();
    client.send(bytes.substr(0, at));
    turn();
    client.send(bytes.substr(at));
    CAF_CHECK_EQUAL(client.read_frame().payload, "hi");
    CAF_CHECK_EQUAL(client.read_json().value("timestamp", ""), "€" + std::string(130, 'x'));
    CAF_CHECK_EQUAL(client.read_close(), 1000);
  }
  // And byte by byte.
  auto client = server.subscribed();
  for (auto byte : bytes) {
    client.send({&byte, 1});
    turn();
  }
  CAF_CHECK_EQUAL(client.read_frame().payload, "hi");
  CAF_CHECK_EQUAL(client.read_json().value("type", ""), "pong");
  CAF_CHECK_EQUAL(client.read_close(), 1000);
}
