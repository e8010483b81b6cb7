#include "net/upstream/upstream_response.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace parley::net {

namespace {

namespace http = boost::beast::http;
namespace beast = boost::beast;

/// Beast's parser for the status line and the fields. The body is not left to it: it wants framing in one piece, so that
/// bytes would have to be kept, sets no limit to extensions, and asserts on a last chunk that is split unluckily (1.74).
class head_reader final : public http::basic_parser<false> {
public:
  int status = 0;
  int retry_after = 0;

private:
  void on_request_impl(http::verb, beast::string_view, beast::string_view, int, beast::error_code&) override {}
  void on_response_impl(int code, beast::string_view, int, beast::error_code&) override { status = code; }

  void on_field_impl(http::field name, beast::string_view, beast::string_view value, beast::error_code&) override {
    if (name != http::field::retry_after)
      return;
    auto seconds = 0;
    auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc{} && rest == value.data() + value.size() && seconds > 0)
      retry_after = seconds;
  }

  void on_header_impl(beast::error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view, beast::error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, beast::error_code&) override { return 0; }
  void on_finish_impl(beast::error_code&) override {}
};

/// The value of a hexadecimal digit, or -1.
int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// More would not fit 64 bits.
constexpr std::size_t max_size_digits = 16;

constexpr std::string_view head_end = "\r\n\r\n";

} // namespace

upstream_response::found upstream_response::refuse(std::string_view why) {
  at_ = state::malformed;
  error_ = why;
  return found::malformed;
}

upstream_response::found upstream_response::next(std::string_view& bytes, std::string_view& piece) {
  switch (at_) {
  case state::head:
    return take_head(bytes);
  case state::until_length:
    if (remaining_ == 0) {
      at_ = state::whole;
      return found::whole;
    }
    if (bytes.empty())
      return found::nothing;
    piece = bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size()));
    bytes.remove_prefix(piece.size());
    remaining_ -= piece.size();
    return found::body;
  case state::until_end:
    if (bytes.empty())
      return found::nothing;
    piece = std::exchange(bytes, {});
    return found::body;
  case state::whole:
    return found::whole;
  case state::malformed:
    return found::malformed;
  default:
    return take_chunk(bytes, piece);
  }
}

upstream_response::found upstream_response::end() {
  if (at_ == state::until_end) {
    at_ = state::whole;
    return found::whole;
  }
  return at_ == state::whole ? found::whole : refuse("it was cut off");
}

upstream_response::found upstream_response::take_head(std::string_view& bytes) {
  for (;;) {
    // Mostly the whole header comes in one read, and is parsed where it lies.
    auto before = kept_.size();
    if (before > 0)
      kept_.append(bytes);
    auto all = before > 0 ? std::string_view{kept_} : bytes;
    auto at = all.find(head_end, before - std::min(before, head_end.size() - 1));
    auto size = at == all.npos ? all.size() : at + head_end.size();
    if (header_bytes_ + size > max_header_bytes)
      return refuse("its header is too large");
    if (at == all.npos) {
      if (before == 0)
        kept_ = bytes;
      bytes = {};
      return found::nothing;
    }
    header_bytes_ += size;
    auto how = parse_head(all.substr(0, size));
    bytes.remove_prefix(size - before);
    kept_ = {};
    if (how != found::nothing)
      return how;
    // It was an interim response: the real one follows.
  }
}

upstream_response::found upstream_response::parse_head(std::string_view header) {
  head_reader reader;
  reader.header_limit(max_header_bytes);
  // To set none would mean that every length is too large (1.74).
  reader.body_limit(std::numeric_limits<std::uint64_t>::max());
  beast::error_code error;
  reader.put({header.data(), header.size()}, error);
  if (error || !reader.is_header_done())
    return refuse("its header isn't HTTP");
  status_ = reader.status;
  if (status_ == 101)
    return refuse("it changes the protocol unasked");
  if (status_ / 100 == 1)
    return found::nothing;
  retry_after_ = reader.retry_after;
  keep_alive_ = reader.keep_alive();
  if (reader.is_done()) {
    at_ = state::until_length;
  } else if (reader.chunked()) {
    at_ = state::chunk_size;
  } else if (auto length = reader.content_length()) {
    at_ = state::until_length;
    remaining_ = *length;
  } else {
    at_ = state::until_end;
  }
  return found::head;
}

upstream_response::found upstream_response::take_chunk(std::string_view& bytes, std::string_view& piece) {
  while (!bytes.empty()) {
    if (at_ == state::chunk_data) {
      piece = bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size()));
      bytes.remove_prefix(piece.size());
      remaining_ -= piece.size();
      if (remaining_ == 0)
        at_ = state::chunk_data_return;
      return found::body;
    }
    char c = bytes.front();
    bytes.remove_prefix(1);
    switch (at_) {
    case state::chunk_size:
      if (auto digit = hex_value(c); digit >= 0) {
        if (++counted_ > max_size_digits)
          return refuse("a chunk's size is too large");
        remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
      } else if (counted_ == 0) {
        return refuse("a chunk has no size");
      } else if (c == '\r') {
        at_ = state::chunk_line_end;
      } else if (c == ';' || c == ' ' || c == '\t') {
        counted_ = 0;
        at_ = state::chunk_extension;
      } else {
        return refuse("a chunk's size isn't a number");
      }
      break;
    case state::chunk_extension:
      if (c == '\r')
        at_ = state::chunk_line_end;
      else if (c == '\n' || ++counted_ > max_chunk_extra_bytes)
        return refuse("a chunk's extensions are wrong");
      break;
    case state::chunk_line_end:
      if (c != '\n')
        return refuse("a chunk's size isn't ended by CRLF");
      counted_ = 0;
      at_ = remaining_ == 0 ? state::trailer_begin : state::chunk_data;
      break;
    case state::chunk_data_return:
      if (c != '\r')
        return refuse("a chunk isn't ended by CRLF");
      at_ = state::chunk_data_end;
      break;
    case state::chunk_data_end:
      if (c != '\n')
        return refuse("a chunk isn't ended by CRLF");
      at_ = state::chunk_size;
      break;
    case state::trailer_begin:
      at_ = c == '\r' ? state::trailer_end : state::trailer;
      [[fallthrough]];
    case state::trailer:
      if (++counted_ > max_chunk_extra_bytes)
        return refuse("its trailer is too large");
      if (at_ == state::trailer && c == '\n')
        at_ = state::trailer_begin;
      break;
    default: // trailer_end
      if (c != '\n')
        return refuse("its trailer isn't ended by CRLF");
      at_ = state::whole;
      return found::whole;
    }
  }
  return found::nothing;
}

} // namespace parley::net
