#pragma once
// An upstream's HTTP/1.x response (RFC 9112), the receiving side. Sans-I/O: give it bytes, get pieces; the body is handed
// through without a copy and without a limit.

#include <cstdint>
#include <string>
#include <string_view>

namespace parley::net {

class upstream_response {
public:
  enum class found : std::uint8_t {
    /// All bytes are used up.
    nothing,
    /// `status` and the rest are there. Interim responses (1xx) are passed over.
    head,
    /// A piece of the body.
    body,
    /// The response is whole. Bytes that are left are not part of it.
    whole,
    /// See `error()`. Nothing can be made of what follows.
    malformed,
  };

  /// Of the header, interim responses included.
  static constexpr std::size_t max_header_bytes = 64 * 1024;
  /// Of one chunk's extensions, and of all trailer fields.
  static constexpr std::size_t max_chunk_extra_bytes = 16 * 1024;

  /// The next thing in `bytes`, which it takes from their front. `piece` points into `bytes`.
  found next(std::string_view& bytes, std::string_view& piece);

  /// The connection has ended. `whole` if the body ends with the connection, else `malformed`: it is cut.
  found end();

  int status() const { return status_; }

  /// The field `Retry-After` in seconds; 0 if there is none, or a date.
  int retry_after() const { return retry_after_; }

  /// Once whole: the connection can take another request.
  bool keep_alive() const { return keep_alive_; }

  std::string_view error() const { return error_; }

private:
  enum class state : std::uint8_t {
    head,
    until_length,
    until_end,
    chunk_size,
    chunk_extension,
    chunk_line_end,
    chunk_data,
    chunk_data_return,
    chunk_data_end,
    trailer_begin,
    trailer,
    trailer_end,
    whole,
    malformed,
  };

  found take_head(std::string_view& bytes);
  found parse_head(std::string_view header);
  found take_chunk(std::string_view& bytes, std::string_view& piece);
  found refuse(std::string_view why);

  /// Bytes of the body or of the chunk that are to come.
  std::uint64_t remaining_ = 0;
  /// Digits of the chunk size, or bytes of extensions or trailer so far.
  std::size_t counted_ = 0;
  state at_ = state::head;
  bool keep_alive_ = false;
  int status_ = 0;
  // From here on only the head's, and what ends the response.
  int retry_after_ = 0;
  std::size_t header_bytes_ = 0;
  /// A header that came in several reads.
  std::string kept_;
  std::string_view error_;
};

} // namespace parley::net
