#include "core/ids.hpp"

#include "core/uuid_text.hpp"

#include <chrono>
#include <mutex>
#include <random>

namespace parley {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

bool is_dash_position(std::size_t i) {
  return i == 8 || i == 13 || i == 18 || i == 23;
}

/// The state that makes ids rise: RFC 9562, section 6.2, method 1, a 12-bit counter below the milliseconds.
class uuid_source {
public:
  std::array<std::uint8_t, 16> next() {
    using namespace std::chrono;
    auto now = static_cast<std::uint64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
    std::lock_guard guard{mutex_};
    if (now > millis_) {
      millis_ = now;
      counter_ = static_cast<unsigned>(random_() & 0x3ff); // room to count up within the millisecond
    } else if (++counter_ > 0xfff) { // more than 3,000 within it, or the clock went back: borrow from the future
      ++millis_;
      counter_ = 0;
    }
    auto tail = random_();
    std::array<std::uint8_t, 16> bytes{};
    for (int i = 0; i < 6; ++i)
      bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millis_ >> (40 - 8 * i));
    bytes[6] = static_cast<std::uint8_t>(0x70 | (counter_ >> 8));
    bytes[7] = static_cast<std::uint8_t>(counter_);
    for (int i = 0; i < 8; ++i)
      bytes[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(tail >> (8 * i));
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    return bytes;
  }

private:
  std::mutex mutex_;
  std::mt19937_64 random_{[] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) ^ device();
  }()};
  std::uint64_t millis_ = 0;
  unsigned counter_ = 0;
};

} // namespace

std::array<std::uint8_t, 16> new_uuid() {
  static uuid_source source;
  return source.next();
}

std::string uuid_to_string(const std::array<std::uint8_t, 16>& bytes) {
  std::string text(36, '-');
  write_uuid(text.data(), bytes);
  return text;
}

std::optional<std::array<std::uint8_t, 16>> parse_uuid(std::string_view text) {
  if (text.size() != 36)
    return std::nullopt;
  std::array<std::uint8_t, 16> bytes{};
  bool all_zero = true;
  std::size_t at = 0;
  for (auto& byte : bytes) {
    if (is_dash_position(at) && text[at++] != '-')
      return std::nullopt;
    auto high = hex_value(text[at]);
    auto low = hex_value(text[at + 1]);
    if (high < 0 || low < 0)
      return std::nullopt;
    at += 2;
    byte = static_cast<std::uint8_t>(high << 4 | low);
    all_zero = all_zero && byte == 0;
  }
  if (all_zero)
    return std::nullopt;
  return bytes;
}

} // namespace parley
