#define CAF_SUITE wire.http.request_parser

#include "wire/http/request_parser.hpp"

#include "tests/wire/splits.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::wire;
using namespace std::string_literals;

namespace {

using strings = std::vector<std::string>;

constexpr request_limits small_limits{512, 64};

std::string describe(const http_request& request) {
  auto line = request.method + " " + request.path;
  if (!request.query.empty())
    line += " ?" + request.query;
  if (request.http_1_0)
    line += " 1.0";
  if (!request.keep_alive)
    line += " close";
  if (!request.body.empty())
    line += " =" + request.body;
  return line;
}

/// A line for each request, then the code of the error, or what is left of the next request.
strings parse_pieces(const std::vector<std::string_view>& pieces, request_limits limits) {
  strings result;
  request_parser parser{limits};
  for (auto piece : pieces) {
    parser.feed(piece);
    for (;;) {
      auto next = parser.next();
      if (!next) {
        // No code of the contract tells a header from a body.
        result.push_back(next.error().code == ec::header_too_large ? "header_too_large" : std::string{name(next.error().code)});
        return result;
      }
      if (!*next)
        break;
      result.push_back(describe(**next));
    }
  }
  if (parser.at() != request_parser::stage::nothing)
    result.push_back(parser.at() == request_parser::stage::header ? "header begun" : "body begun");
  return result;
}

/// What the parser makes of the bytes, however they are cut.
strings parsed(std::string_view bytes, request_limits limits = small_limits) {
  auto whole = parse_pieces({bytes}, limits);
  for_each_split(bytes, [&](const std::vector<std::string_view>& pieces) {
    if (auto split = parse_pieces(pieces, limits); split != whole)
      CAF_ERROR("cut into " << pieces.size() << " pieces: " << caf::deep_to_string(split)
                            << " instead of: " << caf::deep_to_string(whole));
  });
  return whole;
}

const strings invalid{"invalid_request"};

/// What becomes of a request with that header line.
strings with_header(const std::string& line) {
  return parsed("POST / HTTP/1.1\r\nHost: x\r\n" + line + "\r\n\r\n");
}

/// What becomes of a chunked body.
strings chunked(const std::string& body, request_limits limits = small_limits) {
  return parsed("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body, limits);
}

http_request only_request(std::string_view bytes) {
  request_parser parser{small_limits};
  parser.feed(bytes);
  auto request = parser.next();
  CAF_REQUIRE(request);
  CAF_REQUIRE(*request);
  return std::move(**request);
}

} // namespace

CAF_TEST(a request has its method and path and query) {
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), strings{"GET /"});
  CAF_CHECK_EQUAL(parsed("DELETE /a/b%20c/?from=7&x=? HTTP/1.1\r\nHost: x\r\n\r\n"), strings{"DELETE /a/b%20c/ ?from=7&x=?"});
  CAF_CHECK_EQUAL(parsed("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), strings{"OPTIONS *"});
}

CAF_TEST(header names are lower case and values are trimmed) {
  auto request = only_request("GET / HTTP/1.1\r\nHOST: x:80\r\nX-One:\t 1 \r\nx-one: 2\r\nX-Empty:\r\n\r\n");
  CAF_CHECK_EQUAL(request.headers.size(), 4u);
  CAF_CHECK_EQUAL(request.header("host"), "x:80");
  CAF_CHECK_EQUAL(request.header("x-one"), "1");
  CAF_CHECK_EQUAL(request.header("x-empty"), "");
  CAF_CHECK_EQUAL(request.headers[2].second, "2");
}

CAF_TEST(an absolute target stands in for the host) {
  auto request = only_request("GET http://example.org:8080/a?b HTTP/1.1\r\nHost: other\r\n\r\n");
  CAF_CHECK_EQUAL(describe(request), "GET /a ?b");
  CAF_CHECK_EQUAL(request.header("host"), "example.org:8080");
  CAF_CHECK_EQUAL(parsed("GET HTTPS://x?y HTTP/1.1\r\nHost: x\r\n\r\n"), strings{"GET / ?y"});
  for (auto target : {"http", "example.org", "ftp://x/", "http:///a", "http://u@x/", "/a#b", "*", "http://x y/"})
    CAF_CHECK_EQUAL(parsed("GET "s + target + " HTTP/1.1\r\nHost: x\r\n\r\n"), invalid);
}

CAF_TEST(a body is as long as its Content - Length) {
  CAF_CHECK_EQUAL(parsed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"), strings{"POST / =hello"});
  CAF_CHECK_EQUAL(parsed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), strings{"POST /"});
  CAF_CHECK_EQUAL(parsed("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell"), strings{"body begun"});
}

CAF_TEST(requests sent ahead are kept) {
  CAF_CHECK_EQUAL(parsed("POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
                         "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\nGET /4 HT"),
                  (strings{"POST /1 =ab", "GET /2", "POST /3 =c", "header begun"}));
}

CAF_TEST(empty lines before a request are overlooked) {
  CAF_CHECK_EQUAL(parsed("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n\r\n"),
                  (strings{"GET /", "GET /2"}));
}

CAF_TEST(the client says whether the connection goes on) {
  CAF_CHECK_EQUAL(with_header("Connection: close"), strings{"POST / close"});
  CAF_CHECK_EQUAL(with_header("Connection: foo , CLOSE"), strings{"POST / close"});
  CAF_CHECK_EQUAL(with_header("Connection: closer"), strings{"POST /"});
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.0\r\n\r\n"), strings{"GET / 1.0 close"});
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"), strings{"GET / 1.0"});
}

CAF_TEST(there is one host) {
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\nHost: x/y\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\nHost: a@x\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), strings{"GET /"});
}

CAF_TEST(a Content - Length that two could read differently is refused) {
  CAF_CHECK_EQUAL(with_header("Content-Length: 0\r\nContent-Length: 0"), invalid);
  CAF_CHECK_EQUAL(with_header("Content-Length: 0\r\nContent-Length: 1"), invalid);
  for (auto value : {"0, 0", "0,1", "+1", "-1", "0x1", "1 1", "", "1.0", "99999999999999999999", "１"})
    CAF_CHECK_EQUAL(with_header("Content-Length: "s + value), invalid);
}

CAF_TEST(a Content - Length beside a Transfer - Encoding is refused) {
  CAF_CHECK_EQUAL(with_header("Content-Length: 5\r\nTransfer-Encoding: chunked"), invalid);
  CAF_CHECK_EQUAL(with_header("Transfer-Encoding: chunked\r\nContent-Length: 5"), invalid);
  CAF_CHECK_EQUAL(with_header("Transfer-Encoding: gzip\r\nContent-Length: 5"), invalid);
}

CAF_TEST(a Transfer - Encoding other than chunked is refused) {
  for (auto value : {"gzip", "chunked, gzip", "gzip, chunked", "chunked, chunked", "xchunked", "chunked;q=1", "identity", "",
                     "\"chunked\"", "chunked,",
                     "\x0b"
                     "chunked"})
    CAF_CHECK_EQUAL(with_header("Transfer-Encoding: "s + value), invalid);
  CAF_CHECK_EQUAL(with_header("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), invalid);
  CAF_CHECK_EQUAL(with_header("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"), invalid);
  CAF_CHECK_EQUAL(parsed("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(with_header("transfer-encoding:CHUNKED"), strings{"body begun"});
}

CAF_TEST(lines end in CRLF and in nothing else) {
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\nHost: x\n\n"), invalid);
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\nHost: x\n\r\n"), invalid);
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\nHost: x\r\n\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(parsed("GET / HTTP/1.1\r\nHost: x\r\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(parsed("\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(with_header("X: a\nContent-Length: 5"), invalid);
}

CAF_TEST(folded lines and stray white space are refused) {
  CAF_CHECK_EQUAL(with_header("X: a\r\n b"), invalid);
  CAF_CHECK_EQUAL(with_header("X: a\r\n\tb"), invalid);
  CAF_CHECK_EQUAL(with_header(" X: a"), invalid);
  CAF_CHECK_EQUAL(with_header("Transfer-Encoding : chunked"), invalid);
  CAF_CHECK_EQUAL(with_header("Transfer-Encoding\t: chunked"), invalid);
  CAF_CHECK_EQUAL(with_header("X y: a"), invalid);
  CAF_CHECK_EQUAL(with_header("no colon"), invalid);
  CAF_CHECK_EQUAL(with_header(": a"), invalid);
  CAF_CHECK_EQUAL(with_header("X: a\0b"s), invalid);
  CAF_CHECK_EQUAL(with_header("X\0: a"s), invalid);
  CAF_CHECK_EQUAL(with_header("X: a\x7f"), invalid);
}

CAF_TEST(a request line has three parts and one space between them) {
  for (auto line : {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/2.0", "GET / HTTP/1.2", "GET / HTTP/1",
                    " GET / HTTP/1.1", "G:T / HTTP/1.1", "GET /\t HTTP/1.1", "GET / http/1.1", "/ HTTP/1.1", "GET / HTTP/01.1"})
    CAF_CHECK_EQUAL(parsed(line + "\r\nHost: x\r\n\r\n"s), invalid);
  CAF_CHECK_EQUAL(parsed("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(parsed("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s), invalid);
}

CAF_TEST(chunks are put together) {
  CAF_CHECK_EQUAL(chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), strings{"POST / =hello world"});
  CAF_CHECK_EQUAL(chunked("0\r\n\r\n"), strings{"POST /"});
  CAF_CHECK_EQUAL(chunked("00A\r\n0123456789\r\n000\r\n\r\n"), strings{"POST / =0123456789"});
  CAF_CHECK_EQUAL(chunked("2\r\n\r\n\r\n0\r\n\r\n"), strings{"POST / =\r\n"});
  CAF_CHECK_EQUAL(chunked("1\r\na\r\n0\r\n"), strings{"body begun"});
}

CAF_TEST(chunk extensions and trailers are passed over) {
  CAF_CHECK_EQUAL(chunked("1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n"), strings{"POST / =x"});
  auto request =
    only_request("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\nHost: y\r\n\r\n");
  CAF_CHECK_EQUAL(request.header("content-length"), "");
  CAF_CHECK_EQUAL(request.headers.size(), 2u);
}

CAF_TEST(chunks that two could read differently are refused) {
  for (auto body : {"\r\n\r\n", "g\r\n", "0x1\r\na\r\n", "-1\r\n", "+1\r\na\r\n", "1 \r\na\r\n", " 1\r\na\r\n", "1\na\r\n",
                    "1\ra\r\n", ";a\r\n", "1\r\nab\r\n0\r\n\r\n", "1\r\na0\r\n\r\n", "1\r\na\n0\r\n\r\n", "0\r\n\n", "0\n\r\n",
                    "0\r\nX: a\n\r\n", "1;a=\"\n\"\r\na\r\n", "10000000000000000\r\n", "0000000000000001\r\na\r\n"})
    CAF_CHECK_EQUAL(chunked(body), invalid);
}

CAF_TEST(what stands around chunks has a limit) {
  CAF_CHECK_EQUAL(chunked("1;" + std::string(300, 'a') + "\r\nx\r\n0\r\n\r\n"), invalid);
  CAF_CHECK_EQUAL(chunked("1;" + std::string(300, 'a')), invalid);
  std::string many;
  for (int i = 0; i < 40; ++i)
    many += "1;" + std::string(200, 'a') + "\r\nx\r\n";
  CAF_CHECK_EQUAL(parse_pieces({"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", many}, small_limits),
                  invalid);
  std::string trailer = "0\r\n";
  for (int i = 0; i < 90; ++i)
    trailer += "X: " + std::string(100, 'a') + "\r\n";
  CAF_CHECK_EQUAL(parse_pieces({"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", trailer}, small_limits),
                  invalid);
}

CAF_TEST(a header beyond the limit is refused as soon as it is) {
  auto header = [](std::size_t bytes) {
    std::string result = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
    return result + std::string(bytes - result.size() - 4, 'a') + "\r\n\r\n";
  };
  CAF_CHECK_EQUAL(parsed(header(512)), strings{"GET /"});
  CAF_CHECK_EQUAL(parsed(header(513)), strings{"header_too_large"});
  CAF_CHECK_EQUAL(parsed("GET /" + std::string(600, 'a')), strings{"header_too_large"});
  CAF_CHECK_EQUAL(parsed(header(512) + header(512)), (strings{"GET /", "GET /"}));
}

CAF_TEST(a body beyond the limit is refused before it is read) {
  CAF_CHECK_EQUAL(with_header("Content-Length: 64\r\n\r\n" + std::string(64, 'a')), strings{"POST / =" + std::string(64, 'a')});
  CAF_CHECK_EQUAL(with_header("Content-Length: 65"), strings{"too_large"});
  CAF_CHECK_EQUAL(with_header("Content-Length: 999999999999999999"), strings{"too_large"});
  CAF_CHECK_EQUAL(chunked("41\r\n"), strings{"too_large"});
  CAF_CHECK_EQUAL(chunked("20\r\n" + std::string(32, 'a') + "\r\n21\r\n"), strings{"too_large"});
  CAF_CHECK_EQUAL(chunked("fffffffffffffff\r\n"), strings{"too_large"});
}

CAF_TEST(a client that expects 100 Continue is heard once) {
  request_parser parser{small_limits};
  parser.feed("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  CAF_CHECK(!parser.take_expectation());
  CAF_CHECK(!*parser.next());
  CAF_CHECK(parser.take_expectation());
  CAF_CHECK(!parser.take_expectation());
  parser.feed("ab");
  CAF_CHECK_EQUAL(describe(**parser.next()), "POST / =ab");
}

CAF_TEST(who sends the body anyway needs no 100 Continue) {
  request_parser parser{small_limits};
  parser.feed("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\na");
  CAF_CHECK(!*parser.next());
  CAF_CHECK(!parser.take_expectation());
  parser.feed("b");
  CAF_CHECK(*parser.next());
  parser.feed("GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n");
  CAF_CHECK(*parser.next());
  CAF_CHECK(!parser.take_expectation());
}

CAF_TEST(a parser between requests says so) {
  request_parser parser{small_limits};
  CAF_CHECK(parser.at() == request_parser::stage::nothing);
  parser.feed("GET / HTTP/1.1\r\nHo");
  CAF_CHECK(!*parser.next());
  CAF_CHECK(parser.at() == request_parser::stage::header);
  parser.feed("st: x\r\nContent-Length: 1\r\n\r\n");
  CAF_CHECK(!*parser.next());
  CAF_CHECK(parser.at() == request_parser::stage::body);
  parser.feed("a");
  CAF_CHECK(*parser.next());
  CAF_CHECK(parser.at() == request_parser::stage::nothing);
  CAF_CHECK_EQUAL(parser.buffered(), 0u);
}

CAF_TEST(what is refused in the midst of its body is known by its path) {
  auto known = [](const std::string& bytes) {
    request_parser parser{small_limits};
    parser.feed(bytes);
    (void) parser.next();
    return parser.begun() ? parser.begun()->method + " " + parser.begun()->path : "";
  };
  CAF_CHECK_EQUAL(known("POST /there?x HTTP/1.1\r\nHost: a\r\nContent-Length: 65\r\n\r\n"), "POST /there");
  CAF_CHECK_EQUAL(known("POST /there HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n41\r\n"), "POST /there");
  CAF_CHECK_EQUAL(known("POST /there HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel"), "POST /there");
  CAF_CHECK_EQUAL(known("POST /there HTTP/1.1\r\nHost: a\r\n"), "");
  CAF_CHECK_EQUAL(known("GET /there HTTP/1.1\r\nHost: a\r\n\r\n"), "");
}
