#define CAF_SUITE wire.http.sse

#include "wire/http/sse.hpp"

#include "tests/wire/splits.hpp"

#include <caf/test/unit_test.hpp>
#include <functional>

using namespace parley;
using namespace parley::wire;
using namespace std::string_literals;

namespace {

using strings = std::vector<std::string>;

/// `name|data` of each event, and `error` if the decoder gave up.
strings decode_pieces(const std::vector<std::string_view>& pieces, std::size_t limit) {
  strings events;
  sse_decoder decoder{limit};
  for (auto piece : pieces) {
    auto fed = decoder.feed(piece, [&](std::string_view event, std::string_view data) {
      events.push_back(std::string{event} + "|" + std::string{data});
      return true;
    });
    if (!fed) {
      events.emplace_back("error");
      break;
    }
  }
  return events;
}

/// What the decoder makes of the bytes, however they are cut.
strings decoded(std::string_view bytes, std::size_t limit = 1000) {
  auto whole = decode_pieces({bytes}, limit);
  for_each_split(bytes, [&](const std::vector<std::string_view>& pieces) {
    if (auto split = decode_pieces(pieces, limit); split != whole)
      CAF_ERROR("cut into " << pieces.size() << " pieces: " << caf::deep_to_string(split)
                            << " instead of: " << caf::deep_to_string(whole));
  });
  return whole;
}

} // namespace

CAF_TEST(an event ends at an empty line) {
  CAF_CHECK_EQUAL(decoded("data: one\n\ndata: two\n\n"), (strings{"|one", "|two"}));
  CAF_CHECK_EQUAL(decoded(""), strings{});
  CAF_CHECK_EQUAL(decoded("\n\n\n"), strings{});
}

CAF_TEST(lines end in LF and CR and CRLF) {
  CAF_CHECK_EQUAL(decoded("data: one\r\n\r\ndata: two\r\n\r\n"), (strings{"|one", "|two"}));
  CAF_CHECK_EQUAL(decoded("data: one\r\rdata: two\r\r"), (strings{"|one", "|two"}));
  CAF_CHECK_EQUAL(decoded("data: one\r\ndata: two\rdata: three\n\r\ndata: four\n\r"), (strings{"|one\ntwo\nthree", "|four"}));
  CAF_CHECK_EQUAL(decoded("data: one\n\r\n\rdata: two\r\n\n"), (strings{"|one", "|two"}));
}

CAF_TEST(an event whose line ends in CR is told before the next byte comes) {
  CAF_CHECK_EQUAL(decode_pieces({"data: one\r\r"}, 1000), strings{"|one"});
  CAF_CHECK_EQUAL(decode_pieces({"data: one\r\r", "\n"}, 1000), strings{"|one"});
}

CAF_TEST(several data lines are joined by line feeds) {
  CAF_CHECK_EQUAL(decoded("data: a\ndata: b\ndata\ndata:\ndata: c\n\n"), strings{"|a\nb\n\n\nc"});
  CAF_CHECK_EQUAL(decoded("data\ndata\n\n"), strings{"|\n"});
}

CAF_TEST(one space after the colon is left out) {
  CAF_CHECK_EQUAL(decoded("data:x\n\ndata: x\n\ndata:  x\n\ndata:\tx\n\n"), (strings{"|x", "|x", "| x", "|\tx"}));
}

CAF_TEST(empty data is an event and no data is none) {
  CAF_CHECK_EQUAL(decoded("data\n\ndata:\n\ndata: \n\n"), (strings{"|", "|", "|"}));
  CAF_CHECK_EQUAL(decoded("event: lonely\n\ndata: x\n\n"), strings{"|x"});
  CAF_CHECK_EQUAL(decoded("id: 7\nretry: 100\n\n"), strings{});
}

CAF_TEST(the newest name of an event counts and is forgotten after it) {
  CAF_CHECK_EQUAL(decoded("event: a\nevent: b\ndata: x\n\ndata: y\n\n"), (strings{"b|x", "|y"}));
  CAF_CHECK_EQUAL(decoded("data: x\nevent: late\n\n"), strings{"late|x"});
}

CAF_TEST(comments and unknown fields are passed over) {
  CAF_CHECK_EQUAL(decoded(": keep-alive\n\n:\ndata: x\n: in between\nwhatever: y\nData: no\n data: no\ndatax: no\n\n"),
                  strings{"|x"});
  CAF_CHECK_EQUAL(decoded("{\"not\": \"a stream\"}\n\n"), strings{});
}

CAF_TEST(a byte order mark is left out at the very beginning only) {
  CAF_CHECK_EQUAL(decoded("\xEF\xBB\xBF"
                          "data: x\n\n"),
                  strings{"|x"});
  CAF_CHECK_EQUAL(decoded("data: x\n\n\xEF\xBB\xBF"
                          "data: y\n\n"),
                  strings{"|x"});
  CAF_CHECK_EQUAL(decoded("\xEF\xBB\xBF\n\ndata: x\n\n"), strings{"|x"});
  CAF_CHECK_EQUAL(decoded("\xEF\xBB\xBF\xEF\xBB\xBF"
                          "data: x\n\n"),
                  strings{});
}

CAF_TEST(bytes pass through as they are) {
  CAF_CHECK_EQUAL(decoded("data: 世界 \xFF\0 😀\n\n"s), strings{"|世界 \xFF\0 😀"s});
}

CAF_TEST(an event without its end is dropped) {
  CAF_CHECK_EQUAL(decoded("data: whole\n\ndata: cut"), strings{"|whole"});
  CAF_CHECK_EQUAL(decoded("data: whole\n\ndata: cut\n"), strings{"|whole"});
}

CAF_TEST(the data of an event under way can be asked for) {
  auto unfinished = [](std::string_view bytes) {
    sse_decoder decoder{1000};
    CAF_CHECK(decoder.feed(bytes, [](std::string_view, std::string_view) { return true; }).has_value());
    return decoder.unfinished_data();
  };
  CAF_CHECK_EQUAL(unfinished("data: x\n\ndata: y"), "y");
  CAF_CHECK_EQUAL(unfinished("data: x\n\ndata: y\n"), "y");
  CAF_CHECK_EQUAL(unfinished("data: x\ndata: y"), "x\ny");
  CAF_CHECK_EQUAL(unfinished("data: x\n\n"), "");
  CAF_CHECK_EQUAL(unfinished("event: y"), "");
}

CAF_TEST(an event over the limit is refused) {
  CAF_CHECK_EQUAL(decoded("data: 3456789\n\n", 13), strings{"|3456789"});
  CAF_CHECK_EQUAL(decoded("data: x\n\ndata: 34567890\n\n", 13), (strings{"|x", "error"}));
  CAF_CHECK_EQUAL(decoded("data: x\n\ndata: 34567890 without an end", 13), (strings{"|x", "error"}));
  CAF_CHECK_EQUAL(decoded("data:12345\ndata:7890123\n\n", 13), strings{"|12345\n7890123"});
  CAF_CHECK_EQUAL(decoded("data:12345\ndata:78901234\n\n", 13), strings{"error"});
  CAF_CHECK_EQUAL(decoded(": a comment is a line, too\n\n", 13), strings{"error"});
  CAF_CHECK_EQUAL(decoded("data:\ndata:\ndata:\ndata:\ndata:\ndata:\n\n", 5), strings{"|\n\n\n\n\n"});
  CAF_CHECK_EQUAL(decoded("data:\ndata:\ndata:\ndata:\ndata:\ndata:\ndata:\n\n", 5), strings{"error"});
}

CAF_TEST(the limit is that of one event and not of the stream) {
  std::string stream;
  for (int i = 0; i < 100; ++i)
    stream += "data: 3456789\n\n";
  CAF_CHECK_EQUAL(decode_pieces({stream}, 13).size(), 100U);
  CAF_CHECK_EQUAL(decode_pieces(byte_by_byte(stream), 13).size(), 100U);
}

CAF_TEST(a handler that has enough stops the decoder) {
  for (auto& end : {"\n\n"s, "\r\n\r\n"s, "\r\r"s}) {
    int seen = 0;
    sse_decoder decoder{1000};
    auto fed = decoder.feed("data: x" + end + "data: y" + end, [&](std::string_view, std::string_view) {
      ++seen;
      return false;
    });
    CAF_CHECK(fed.has_value());
    CAF_CHECK_EQUAL(seen, 1);
  }
}

CAF_TEST(a line that lies whole in the fed bytes is not copied) {
  const std::string bytes = ": hello\r\nevent: e\r\ndata: the payload\r\n\r\n";
  sse_decoder decoder{1000};
  auto fed = decoder.feed(bytes, [&](std::string_view, std::string_view data) {
    CAF_CHECK_EQUAL(data, "the payload");
    CAF_CHECK(!std::less<>{}(data.data(), bytes.data()) && std::less<>{}(data.data(), bytes.data() + bytes.size()));
    return true;
  });
  CAF_CHECK(fed.has_value());
}

CAF_TEST(the newest id is known when its event comes and kept afterwards) {
  const std::string bytes = "id: r:1\ndata: a\n\ndata: b\n\nid: r:\0x\nid:r:3\ndata: c\n\n: keep-alive\n\n"s;
  sse_decoder decoder{1000};
  std::string seen;
  CAF_CHECK_EQUAL(decoder.last_id(), "");
  for (char each : bytes)
    CAF_CHECK(decoder.feed({&each, 1}, [&](std::string_view, std::string_view data) {
      seen += std::string{data} + "=" + decoder.last_id() + " ";
      return true;
    }));
  CAF_CHECK_EQUAL(seen, "a=r:1 b=r:1 c=r:3 ");
  CAF_CHECK_EQUAL(decoder.last_id(), "r:3");
}
