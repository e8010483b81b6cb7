// However a stream of Server-Sent Events is cut into reads, the events are the same.

#include "tests/fuzz/pieces.hpp"
#include "wire/http/sse.hpp"

#include <string>

namespace {

using namespace parley;

/// Small, so that short inputs reach it.
constexpr std::size_t limit = 64;

std::vector<std::string> decode(const std::vector<std::string_view>& pieces) {
  std::vector<std::string> found;
  wire::sse_decoder decoder{limit};
  bool stopped = false;
  for (auto piece : pieces) {
    auto fed = decoder.feed(piece, [&](std::string_view event, std::string_view data) {
      fuzz::expect(!stopped, "nothing after the handler has had enough");
      fuzz::expect(data.size() <= limit && event.size() <= limit, "no event over the limit");
      fuzz::expect(data.find('\r') == std::string_view::npos, "no carriage return within data");
      fuzz::expect(event.find_first_of("\r\n") == std::string_view::npos, "no line break within a name");
      found.push_back(std::string{event} + "|" + std::string{data});
      stopped = data == "stop";
      return !stopped;
    });
    if (!fed)
      found.emplace_back("error");
    if (!fed || stopped)
      return found;
  }
  found.push_back("unfinished " + decoder.unfinished_data());
  return found;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto input = fuzz::cut(data, size);
  fuzz::expect(decode({input.whole}) == decode(input.pieces), "the same events however the bytes are cut");
  return 0;
}
