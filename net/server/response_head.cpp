#include "net/server/response_head.hpp"

#include "actors/runs/api.hpp"

#include <array>
#include <charconv>
#include <ctime>

namespace parley::net {

namespace {

/// RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, with what stands around it.
const std::string& date_and_server() {
  thread_local std::time_t made_at = -1;
  thread_local std::string made;
  auto now = std::time(nullptr);
  if (now == made_at)
    return made;
  static constexpr std::array<const char*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  // Not strftime: its names go by the locale.
  auto two = [](int value) {
    std::string digits{"00"};
    digits[0] = static_cast<char>('0' + value / 10 % 10);
    digits[1] = static_cast<char>('0' + value % 10);
    return digits;
  };
  made = "\r\nDate: ";
  made += days[static_cast<std::size_t>(utc.tm_wday)];
  made += ", " + two(utc.tm_mday) + ' ' + months[static_cast<std::size_t>(utc.tm_mon)] + ' ';
  made += std::to_string(utc.tm_year + 1900) + ' ' + two(utc.tm_hour) + ':' + two(utc.tm_min) + ':' + two(utc.tm_sec);
  made += " GMT\r\nServer: parley\r\n";
  made_at = now;
  return made;
}

} // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 202:
    return "Accepted";
  case 204:
    return "No Content";
  case 304:
    return "Not Modified";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 413:
    return "Content Too Large";
  case 415:
    return "Unsupported Media Type";
  case 426:
    return "Upgrade Required";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 502:
    return "Bad Gateway";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  case 529: // Anthropic's
    return "Overloaded";
  default:
    return {};
  }
}

void append_status(std::string& out, int status) {
  out += "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += reason_phrase(status);
  out += date_and_server();
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value.substr(0, value.find_first_of("\r\n"));
  out += "\r\n";
}

void append_turn(std::string& out, const run_opened& run) {
  append_field(out, "X-Turn-Id", to_string(run.turn));
  append_field(out, "X-Run-Id", to_string(run.run));
  auto ids = "user=" + to_string(run.user);
  for (auto& seat : run.answers) {
    ids += ',';
    ids += letter(seat.who);
    ids += '=';
    ids += to_string(seat.id);
  }
  append_field(out, "X-Message-Ids", ids);
}

void append_chunk(std::string& out, std::string_view bytes) {
  std::array<char, 16> size;
  auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  out.append(size.data(), end);
  out += "\r\n";
  out += bytes;
  out += "\r\n";
}

} // namespace parley::net
