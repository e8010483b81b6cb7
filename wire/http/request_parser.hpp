#pragma once
// HTTP/1.x requests (RFC 9112), the receiving side. Sans-I/O: feed bytes, take requests.
//
// Where the RFC lets a recipient be lenient and others disagree about what to make of it, this parser refuses: that is how
// requests are smuggled past a proxy. An error is final: answer it and close the connection.

#include "core/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::wire {

struct http_request {
  /// `GET`, `POST`, …
  std::string method;
  /// As sent, without the query: `/api/sessions/`. Of an absolute target, the path in it.
  std::string path;
  /// As sent, without the `?`; may be empty.
  std::string query;
  /// Names in lower case, in their order. An absolute target's authority stands in for `host`.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Ours, or the client's `X-Request-Id` if it is at most 64 characters of `[A-Za-z0-9_.-]`. Set by the connection.
  std::string request_id;
  /// True for HTTP/1.0: its answer mustn't be chunked.
  bool http_1_0 = false;
  /// The client means to go on with the connection.
  bool keep_alive = true;

  /// The first of that name (lower case); empty if there is none.
  std::string_view header(std::string_view name) const {
    for (auto& [key, value] : headers)
      if (key == name)
        return value;
    return {};
  }
};

/// True if `token` is an element of that header's comma-separated list (name in lower case), which may be spread over several
/// fields (RFC 9110, section 5.3).
bool lists(const http_request& request, std::string_view header, std::string_view token);

struct request_limits {
  /// Request line and header fields together; `header_too_large`.
  std::size_t header_bytes = 16 * 1024;
  /// The body, without the framing of its chunks; `too_large`.
  std::size_t body_bytes = 1024 * 1024;
};

class request_parser {
public:
  /// How far the next request has come.
  enum class stage : std::uint8_t { nothing, header, body };

  explicit request_parser(request_limits limits);
  ~request_parser();
  request_parser(request_parser&&) noexcept;
  request_parser& operator=(request_parser&&) noexcept;

  /// Keeps the bytes, of several requests perhaps. `next` looks at them.
  void feed(std::string_view bytes);

  /// The next request, once it is whole; nothing while there are bytes missing.
  expected<std::optional<http_request>> next();

  /// As of the last `next`.
  stage at() const;

  /// The request whose body is on its way, or was refused; null while its header isn't whole. Valid until the next call of `feed`
  /// or `next`.
  const http_request* begun() const;

  /// Bytes that were fed and not yet looked at: requests that the client sent ahead.
  std::size_t buffered() const { return buffer_.size() - taken_; }

  /// Takes what `buffered` counts: after an upgrade it is another protocol's.
  std::string take_buffered();

  /// True, once, when the client waits for `100 Continue` before it sends the body.
  bool take_expectation();

private:
  struct incoming;

  expected<bool> take_header();
  expected<bool> take_body();
  void compact();

  request_limits limits_;
  std::string buffer_;
  /// What of `buffer_` is done with.
  std::size_t taken_ = 0;
  /// How far `take_header` looked for the header's end, and where the line begins that it is in.
  std::size_t looked_ = 0;
  std::size_t line_ = 0;
  /// The request whose body is coming; null between requests: an idle connection holds nothing.
  std::unique_ptr<incoming> current_;
};

} // namespace parley::wire
