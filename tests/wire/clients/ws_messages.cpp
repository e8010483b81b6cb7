#define CAF_SUITE wire.clients.ws_messages

#include "wire/clients/ws_messages.hpp"
#include "wire/streams/ws_frames.hpp"

#include <caf/test/unit_test.hpp>
#include <numeric>

using namespace parley;
using namespace parley::wire;
using namespace std::string_literals;

namespace {

/// The field that is wrong, `-` for the message as a whole; empty if nothing is.
std::string refusal(const std::string& text) {
  auto said = parse_client_message(text);
  if (said)
    return {};
  CAF_CHECK(said.error().code == ec::invalid_request);
  return said.error().param.empty() ? "-" : said.error().param;
}

} // namespace

CAF_TEST(each type is understood and unknown fields are passed over) {
  auto ping = parse_client_message(R"({"type":"ping","timestamp":17,"more":[]})");
  CAF_REQUIRE(ping && std::holds_alternative<client_ping>(*ping));
  CAF_CHECK_EQUAL(to_text(std::get<client_ping>(*ping).timestamp), "17");
  auto bare = parse_client_message(R"( {"type":"ping"} )");
  CAF_REQUIRE(bare && std::holds_alternative<client_ping>(*bare));
  CAF_CHECK_EQUAL(to_text(std::get<client_ping>(*bare).timestamp), "null");
  auto state = parse_client_message(R"({"type":"request_state"})");
  CAF_CHECK(state && std::holds_alternative<client_wants_state>(*state));
  for (bool typing : {true, false}) {
    auto said = parse_client_message(R"({"type":"typing_indicator","is_typing":)"s + (typing ? "true}" : "false}"));
    CAF_REQUIRE(said && std::holds_alternative<client_typing>(*said));
    CAF_CHECK_EQUAL(std::get<client_typing>(*said).is_typing, typing);
  }
}

CAF_TEST(what is wrong is named) {
  for (auto& text : {""s, "{"s, "[]"s, "1"s, "\"ping\""s, "{\"type\":\"ping\"}\0"s, "{\"type\":\"ping\"} x"s, "\xff"s})
    CAF_CHECK_EQUAL(refusal(text), "-");
  for (auto& text : {"{}"s, R"({"type":null})"s, R"({"type":1})"s, R"({"type":"Ping"})"s, R"({"type":"shout"})"s})
    CAF_CHECK_EQUAL(refusal(text), "type");
  CAF_CHECK_EQUAL(refusal(R"({"type":"ping","timestamp":[]})"), "timestamp");
  CAF_CHECK_EQUAL(refusal(R"({"type":"typing_indicator"})"), "is_typing");
  CAF_CHECK_EQUAL(refusal(R"({"type":"typing_indicator","is_typing":"true"})"), "is_typing");
}

CAF_TEST(frames of every length are taken apart again) {
  std::string frames;
  const std::vector<std::size_t> sizes{0, 1, 125, 126, 127, 65'535, 65'536, 70'000};
  for (auto size : sizes)
    append_text_frame(frames, std::string_view{std::string(size, static_cast<char>('a' + size % 26))});
  // Each length is written in as few bytes as it needs: RFC 6455, section 5.2.
  CAF_CHECK_EQUAL(frames.size(), std::accumulate(sizes.begin(), sizes.end(), std::size_t{3 * 2 + 3 * 4 + 2 * 10}));
  std::size_t at = 0;
  for (auto size : sizes)
    CAF_CHECK(payload_of_text_frame(frames, at) == std::string(size, static_cast<char>('a' + size % 26)));
  CAF_CHECK_EQUAL(at, frames.size());
}
