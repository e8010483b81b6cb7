#pragma once
// Responses on one connection, one after the other: a header, then a body, chunked or with its length (RFC 9112). For servers
// that are measured, not for the world's.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

namespace parley::bench {

class http_response {
public:
  /// A request was sent: its response comes next.
  void expect() { *this = {}; }

  /// `body(part)` is called for each part of the body as it comes.
  template <class Body>
  void feed(std::string_view bytes, Body&& body) {
    in_ += bytes;
    if (left_ < 0 && !read_head())
      return;
    std::size_t at = 0;
    while (chunked_ && !ended_ && at < in_.size()) {
      if (left_ == 0) {
        auto eol = in_.find("\r\n", at);
        if (eol == std::string::npos)
          break;
        if (eol == at) { // after a chunk
          at += 2;
          continue;
        }
        left_ = std::strtol(in_.c_str() + at, nullptr, 16);
        at = eol + 2;
        ended_ = left_ == 0;
        continue;
      }
      at += pass_on(at, body);
    }
    if (!chunked_) {
      at = pass_on(0, body);
      ended_ = left_ == 0;
    }
    in_.erase(0, at);
  }

  /// `200`; empty while the header isn't whole.
  const std::string& status() const { return status_; }

  bool ended() const { return ended_; }

private:
  bool read_head() {
    auto end = in_.find("\r\n\r\n");
    if (end == std::string::npos)
      return false;
    auto head = in_.substr(0, end);
    std::transform(head.begin(), head.end(), head.begin(), [](char x) { return x >= 'A' && x <= 'Z' ? char(x + 32) : x; });
    status_ = head.substr(9, 3);
    chunked_ = head.find("transfer-encoding: chunked") != std::string::npos;
    auto length = head.find("content-length: ");
    auto until_it_closes = status_ == "204" ? 0 : 1L << 60;
    left_ = chunked_ ? 0 : length == std::string::npos ? until_it_closes : std::atol(head.c_str() + length + 16);
    in_.erase(0, end + 4);
    return true;
  }

  template <class Body>
  std::size_t pass_on(std::size_t at, Body& body) {
    auto part = std::min(static_cast<std::size_t>(left_), in_.size() - at);
    body(std::string_view{in_}.substr(at, part));
    left_ -= static_cast<long>(part);
    return part;
  }

  std::string in_;
  std::string status_;
  /// Of the body or of its current chunk: -1 while the header isn't whole.
  long left_ = -1;
  bool chunked_ = false;
  bool ended_ = false;
};

} // namespace parley::bench
