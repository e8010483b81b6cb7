#include "wire/http/request_parser.hpp"

#include "wire/http/header_values.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cctype>

namespace parley::wire {

namespace {

namespace http = boost::beast::http;

/// Of one chunk's size line, and of all chunk extensions of a request together. Nobody sends any.
constexpr std::size_t max_chunk_line = 256;
constexpr std::size_t max_chunk_extensions = 4096;
constexpr std::size_t max_trailer_bytes = 8192;

tl::unexpected<failure> refuse(std::string why) {
  return fail(ec::invalid_request, std::move(why));
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The value of a hexadecimal digit, or -1.
int hex_value(char c) {
  if (is_digit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// A host and perhaps a port, as in `Host`. Syntax in detail is no concern: it must not be able to mean something else.
bool is_authority(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view{"-._~:[]%"}.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

/// Beast's parser for the request line and the fields. The body is not left to it: in 1.74 it takes the fields of a trailer
/// for header fields, sets no limit to chunk extensions and lets any byte through in a quoted one.
class header_reader final : public http::basic_parser<true> {
public:
  explicit header_reader(http_request& into) : into_(into) { skip(true); }

  std::string target;

private:
  using text = boost::beast::string_view;
  using error = boost::beast::error_code;

  void on_request_impl(http::verb, text method, text wanted, int version, error&) override {
    into_.method.assign(method.data(), method.size());
    target.assign(wanted.data(), wanted.size());
    into_.http_1_0 = version == 10;
  }

  void on_field_impl(http::field, text name, text value, error&) override {
    into_.headers.emplace_back(to_lower({name.data(), name.size()}), std::string{value.data(), value.size()});
  }

  void on_header_impl(error&) override {}
  void on_finish_impl(error&) override {}

  void on_response_impl(int, text, int, error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error&) override {}
  std::size_t on_body_impl(text, error&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, text, error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, text, error&) override { return 0; }

  http_request& into_;
};

/// RFC 9112, section 3.2.
expected<void> take_target(std::string_view target, http_request& into) {
  if (target.find('#') != std::string_view::npos)
    return refuse("The request target has a fragment.");
  if (target == "*" && into.method == "OPTIONS") {
    into.path = "*";
    return {};
  }
  if (target.front() != '/') {
    auto scheme_end = target.find("://");
    auto scheme = target.substr(0, scheme_end);
    if (scheme_end == std::string_view::npos || (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https")))
      return refuse("The request target is neither a path nor an absolute URL.");
    target.remove_prefix(scheme_end + 3);
    auto authority = target.substr(0, target.find_first_of("/?"));
    if (authority.empty() || !is_authority(authority))
      return refuse("The request target's authority is malformed.");
    for (auto& [name, value] : into.headers)
      if (name == "host")
        value = authority;
    target.remove_prefix(authority.size());
  }
  auto query = target.find('?');
  into.path = target.substr(0, query);
  if (into.path.empty())
    into.path = "/";
  if (query != std::string_view::npos)
    into.query = target.substr(query + 1);
  return {};
}

/// The length of the line at the beginning of `bytes` with its CRLF, or 0 if it isn't whole. `looked` bytes of it are known
/// to have no LF.
expected<std::size_t> line_length(std::string_view bytes, std::size_t looked = 0) {
  auto end = bytes.find('\n', looked);
  if (end == std::string_view::npos)
    return 0;
  if (end == 0 || bytes.find('\r') != end - 1)
    return refuse("A line doesn't end in CRLF, or has a CR or LF inside.");
  return end + 1;
}

} // namespace

bool lists(const http_request& request, std::string_view header, std::string_view token) {
  return std::any_of(request.headers.begin(), request.headers.end(), [&](auto& field) {
    return field.first == header
           && any_of_list(field.second, [&](std::string_view element) { return equal_ignoring_case(element, token); });
  });
}

/// What is known of a request whose header is there.
struct request_parser::incoming {
  http_request request;
  bool chunked = false;
  bool expects_continue = false;
  /// Of the body, or of the chunk under way.
  std::uint64_t missing = 0;
  enum class part : std::uint8_t { size, data, data_end, trailer } at = part::size;
  std::size_t extension_bytes = 0;
  std::size_t trailer_bytes = 0;
};

request_parser::request_parser(request_limits limits) : limits_(limits) {}
request_parser::~request_parser() = default;
request_parser::request_parser(request_parser&&) noexcept = default;
request_parser& request_parser::operator=(request_parser&&) noexcept = default;

void request_parser::feed(std::string_view bytes) {
  buffer_.append(bytes);
}

request_parser::stage request_parser::at() const {
  if (current_)
    return stage::body;
  return buffered() == 0 ? stage::nothing : stage::header;
}

const http_request* request_parser::begun() const {
  return current_ ? &current_->request : nullptr;
}

std::string request_parser::take_buffered() {
  auto result = buffer_.substr(taken_);
  buffer_ = {};
  taken_ = 0;
  return result;
}

bool request_parser::take_expectation() {
  return current_ && std::exchange(current_->expects_continue, false);
}

expected<std::optional<http_request>> request_parser::next() {
  if (!current_) {
    auto whole = take_header();
    if (!whole)
      return tl::unexpected{std::move(whole.error())};
    if (!*whole) {
      compact();
      return std::optional<http_request>{};
    }
  }
  if (buffered() != 0)
    current_->expects_continue = false;
  auto whole = take_body();
  if (!whole)
    return tl::unexpected{std::move(whole.error())};
  std::optional<http_request> result;
  if (*whole) {
    result = std::move(current_->request);
    current_.reset();
  }
  compact();
  return result;
}

void request_parser::compact() {
  if (taken_ == buffer_.size()) {
    if (current_)
      buffer_.clear();
    else
      std::string{}.swap(buffer_);
  } else {
    buffer_.erase(0, taken_);
  }
  looked_ -= std::min(looked_, taken_);
  line_ -= std::min(line_, taken_);
  taken_ = 0;
}

expected<bool> request_parser::take_header() {
  const auto too_large =
    fail(ec::header_too_large, "The request's header is larger than " + std::to_string(limits_.header_bytes) + " bytes.");
  line_ = std::max(line_, taken_);
  looked_ = std::max(looked_, line_);
  for (;;) {
    auto line = std::string_view{buffer_}.substr(line_);
    auto length = line_length(line, looked_ - line_);
    if (!length)
      return tl::unexpected{std::move(length.error())};
    looked_ = *length == 0 ? buffer_.size() : line_ + *length;
    if (looked_ - taken_ > limits_.header_bytes)
      return too_large;
    if (*length == 0)
      return false;
    if (*length == 2) {
      if (line_ != taken_)
        break;
      // Some clients send a CRLF too many after a body; RFC 9112, section 2.2, says to overlook it.
      taken_ = line_ = looked_;
      continue;
    }
    if (line.front() == ' ' || line.front() == '\t')
      return refuse("A header line begins with white space.");
    line_ = looked_;
  }

  auto made = std::make_unique<incoming>();
  auto& request = made->request;
  header_reader reader{request};
  reader.header_limit(static_cast<std::uint32_t>(limits_.header_bytes + 1));
  boost::beast::error_code error;
  reader.put(boost::asio::const_buffer{buffer_.data() + taken_, looked_ - taken_}, error);
  if (error || !reader.is_header_done())
    return refuse("The request's header is malformed: " + error.message() + ".");
  taken_ = line_ = looked_;

  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t encodings = 0;
  for (auto& [name, value] : request.headers) {
    if (name == "host") {
      ++hosts;
      if (!is_authority(value))
        return refuse("The Host header is malformed.");
    } else if (name == "content-length") {
      ++lengths;
      if (value.empty() || value.size() > 18 || !std::all_of(value.begin(), value.end(), is_digit))
        return refuse("The Content-Length is malformed.");
      made->missing = std::stoull(value);
    } else if (name == "transfer-encoding") {
      ++encodings;
      if (!equal_ignoring_case(value, "chunked"))
        return refuse("The only Transfer-Encoding understood is chunked.");
      made->chunked = true;
    }
  }
  if (hosts > 1 || (hosts == 0 && !request.http_1_0))
    return refuse("There must be one Host header.");
  if (lengths > 1)
    return refuse("Content-Length is repeated.");
  if (encodings > 1)
    return refuse("Transfer-Encoding is repeated.");
  if (encodings != 0 && lengths != 0)
    return refuse("There is both a Content-Length and a Transfer-Encoding.");
  if (encodings != 0 && request.http_1_0)
    return refuse("HTTP/1.0 knows no Transfer-Encoding.");
  if (auto ok = take_target(reader.target, request); !ok)
    return tl::unexpected{std::move(ok.error())};
  request.keep_alive = request.http_1_0 ? lists(request, "connection", "keep-alive") : !lists(request, "connection", "close");
  made->expects_continue =
    !request.http_1_0 && (made->chunked || made->missing > 0) && equal_ignoring_case(request.header("expect"), "100-continue");
  current_ = std::move(made);
  if (!current_->chunked && current_->missing > limits_.body_bytes)
    return fail(ec::too_large, "The body is larger than " + std::to_string(limits_.body_bytes) + " bytes.");
  return true;
}

expected<bool> request_parser::take_body() {
  using part = incoming::part;
  auto& now = *current_;
  auto& body = now.request.body;
  auto take_data = [&] {
    auto count = static_cast<std::size_t>(std::min<std::uint64_t>(now.missing, buffered()));
    body.append(buffer_, taken_, count);
    taken_ += count;
    now.missing -= count;
    return now.missing == 0;
  };
  if (!now.chunked)
    return take_data();

  // RFC 9112, section 7.1
  for (;;) {
    if (now.at == part::data) {
      if (!take_data())
        return false;
      now.at = part::data_end;
    }
    auto rest = std::string_view{buffer_}.substr(taken_);
    auto length = line_length(rest);
    if (!length)
      return tl::unexpected{std::move(length.error())};
    auto most = now.at == part::trailer ? max_trailer_bytes - now.trailer_bytes : max_chunk_line;
    if (*length > most || (*length == 0 && rest.size() > most))
      return refuse("The body's chunks have too much around them.");
    if (*length == 0) {
      if (now.at == part::data_end && !rest.empty() && rest != "\r")
        return refuse("A chunk is longer than it says.");
      return false;
    }
    taken_ += *length;
    auto line = rest.substr(0, *length - 2);
    switch (now.at) {
    case part::data: // seen to above
    case part::data_end:
      if (!line.empty())
        return refuse("A chunk is longer than it says.");
      now.at = part::size;
      break;
    case part::size: {
      std::size_t digits = 0;
      while (digits < line.size() && hex_value(line[digits]) >= 0)
        now.missing = now.missing * 16 + static_cast<std::uint64_t>(hex_value(line[digits++]));
      // Fifteen digits can't overflow.
      if (digits == 0 || digits > 15 || (digits < line.size() && line[digits] != ';'))
        return refuse("A chunk's size is malformed.");
      now.extension_bytes += line.size() - digits;
      if (now.extension_bytes > max_chunk_extensions)
        return refuse("The body's chunks have too much around them.");
      if (now.missing > limits_.body_bytes - body.size())
        return fail(ec::too_large, "The body is larger than " + std::to_string(limits_.body_bytes) + " bytes.");
      now.at = now.missing == 0 ? part::trailer : part::data;
      break;
    }
    case part::trailer:
      // Dropped: whatever a trailer says would be said too late.
      now.trailer_bytes += *length;
      if (line.empty())
        return true;
      break;
    }
  }
}

} // namespace parley::wire
