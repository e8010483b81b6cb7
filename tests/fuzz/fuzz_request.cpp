// However a client's bytes are cut into reads, the requests in them are the same; and what is passed on is clean.

#include "tests/fuzz/pieces.hpp"
#include "wire/http/request_parser.hpp"

#include <string>

namespace {

using namespace parley;

/// Small, so that short inputs reach them.
constexpr wire::request_limits limits{256, 32};

void check(const wire::http_request& request) {
  using namespace std::string_view_literals;
  constexpr auto forbidden = "\r\n\0"sv;
  fuzz::expect(request.body.size() <= limits.body_bytes, "no body over the limit");
  fuzz::expect(request.path == "*" || request.path.starts_with('/'), "a path");
  fuzz::expect(request.path.find_first_of(" \r\n\0"sv) == std::string::npos, "no white space in a path");
  int hosts = 0;
  int lengths = 0;
  int encodings = 0;
  for (auto& [name, value] : request.headers) {
    fuzz::expect(!name.empty() && name.find_first_of(" \t:\r\n\0"sv) == std::string::npos, "a name is a token");
    fuzz::expect(value.find_first_of(forbidden) == std::string::npos, "no line break in a value");
    hosts += name == "host";
    lengths += name == "content-length";
    encodings += name == "transfer-encoding";
  }
  fuzz::expect(hosts == 1 || (hosts == 0 && request.http_1_0), "one host");
  fuzz::expect(lengths + encodings <= 1, "one framing");
}

std::vector<std::string> parse(const std::vector<std::string_view>& pieces) {
  std::vector<std::string> found;
  wire::request_parser parser{limits};
  for (auto piece : pieces) {
    parser.feed(piece);
    for (;;) {
      auto next = parser.next();
      if (!next) {
        // Which of two errors it is may depend on what was seen first.
        found.emplace_back("error");
        return found;
      }
      if (!*next)
        break;
      check(**next);
      auto& request = **next;
      found.push_back(request.method + ' ' + request.path + '?' + request.query + (request.keep_alive ? " on " : " close ")
                      + request.body);
      for (auto& [name, value] : request.headers)
        found.push_back(name + ": " + value);
    }
  }
  return found;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = fuzz::cut(data, size);
  fuzz::expect(parse({input.whole}) == parse(input.pieces), "the same requests however the bytes are cut");
  return 0;
}
