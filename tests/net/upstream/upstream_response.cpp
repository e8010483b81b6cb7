#define CAF_SUITE net.upstream.upstream_response

#include "net/upstream/upstream_response.hpp"

#include <caf/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace parley::net;

namespace {

using found = upstream_response::found;

struct outcome {
  std::string body;
  int heads = 0;
  int status = 0;
  bool whole = false;
  bool malformed = false;
  bool keep_alive = false;
  std::string rest;
  std::string error;
};

/// Feeds the parts one by one, then perhaps the connection's end.
outcome read(const std::vector<std::string>& parts, bool ends = false) {
  upstream_response response;
  outcome result;
  auto judge = [&](found what) {
    result.whole = what == found::whole;
    result.malformed = what == found::malformed;
    return !result.whole && !result.malformed;
  };
  for (auto& part : parts) {
    // A copy of its own size, so that reading beyond it is seen by the sanitizer.
    std::string copy{part};
    std::string_view bytes{copy};
    std::string_view piece;
    for (auto what = response.next(bytes, piece); judge(what); what = response.next(bytes, piece)) {
      if (what == found::nothing) {
        CAF_REQUIRE(bytes.empty());
        break;
      }
      if (what == found::head)
        ++result.heads;
      else
        result.body.append(piece);
    }
    if (result.whole || result.malformed) {
      result.rest.append(bytes);
      break;
    }
  }
  if (ends && !result.whole && !result.malformed)
    judge(response.end());
  result.status = response.status();
  result.keep_alive = response.keep_alive();
  result.error = response.error();
  return result;
}

std::vector<std::string> by_bytes(const std::string& bytes) {
  std::vector<std::string> parts;
  for (char c : bytes)
    parts.emplace_back(1, c);
  return parts;
}

/// Whole, byte by byte, and split at every offset: always the same.
template <class Check>
void at_every_split(const std::string& bytes, Check check, bool ends = false) {
  check(read({bytes}, ends));
  check(read(by_bytes(bytes), ends));
  for (std::size_t at = 1; at < bytes.size(); ++at)
    check(read({bytes.substr(0, at), bytes.substr(at)}, ends));
}

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

} // namespace

CAF_TEST(a body of known length is handed through and the connection can be kept) {
  at_every_split(ok + "Content-Length: 11\r\n\r\nhello world", [](const outcome& got) {
    CAF_REQUIRE(got.whole);
    CAF_REQUIRE_EQUAL(got.heads, 1);
    CAF_REQUIRE_EQUAL(got.status, 200);
    CAF_REQUIRE_EQUAL(got.body, "hello world");
    CAF_REQUIRE(got.keep_alive);
  });
}

CAF_TEST(chunks are joined and their extensions and the trailer are passed over) {
  at_every_split(
    ok
      + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1 \r\n \r\n00a;x=\"\\\"y\"\r\nworld\r\n123\r\n0\r\nX-Sum: "
        "1\r\nContent-Length: 9\r\n\r\n",
    [](const outcome& got) {
      CAF_REQUIRE(got.whole);
      CAF_REQUIRE_EQUAL(got.body, "hello world\r\n123");
      CAF_REQUIRE(got.keep_alive);
      CAF_REQUIRE_EQUAL(got.rest, "");
    });
}

CAF_TEST(an empty chunked body is whole) {
  at_every_split(ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [](const outcome& got) {
    CAF_REQUIRE(got.whole);
    CAF_REQUIRE_EQUAL(got.body, "");
  });
}

CAF_TEST(a body without length or chunks ends with its connection) {
  auto check = [](const outcome& got) {
    CAF_REQUIRE(got.whole);
    CAF_REQUIRE_EQUAL(got.body, "all there is");
    CAF_REQUIRE(!got.keep_alive);
  };
  at_every_split(ok + "\r\nall there is", check, true);
  at_every_split("HTTP/1.0 200 OK\r\n\r\nall there is", check, true);
}

CAF_TEST(a body that is cut is never whole) {
  auto check_all_cuts = [](const std::string& bytes) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      auto got = read({bytes.substr(0, size)}, true);
      CAF_REQUIRE(!got.whole);
      CAF_REQUIRE(got.malformed);
    }
  };
  check_all_cuts(ok + "Content-Length: 11\r\n\r\nhello world");
  check_all_cuts(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n");
}

CAF_TEST(interim responses are passed over) {
  at_every_split("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nhi",
                 [](const outcome& got) {
                   CAF_REQUIRE(got.whole);
                   CAF_REQUIRE_EQUAL(got.heads, 1);
                   CAF_REQUIRE_EQUAL(got.status, 200);
                   CAF_REQUIRE_EQUAL(got.body, "hi");
                 });
  CAF_CHECK(read({"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"}).malformed);
}

CAF_TEST(what has no body by its status is whole with its header) {
  for (auto status : {"204 No Content", "304 Not Modified"}) {
    auto got = read({std::string{"HTTP/1.1 "} + status + "\r\nContent-Length: 5\r\n\r\n"});
    CAF_CHECK(got.whole);
    CAF_CHECK_EQUAL(got.body, "");
  }
}

CAF_TEST(the connection is kept only where both sides know its state) {
  CAF_CHECK(!read({ok + "Connection: close\r\nContent-Length: 1\r\n\r\nx"}).keep_alive);
  CAF_CHECK(!read({"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"}).keep_alive);
  CAF_CHECK(read({"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx"}).keep_alive);
  CAF_CHECK_EQUAL(read({ok + "Content-Length: 1\r\n\r\nxyz"}).rest, "yz");
}

CAF_TEST(retry after is read in seconds) {
  auto retry_after = [](const std::string& value) {
    auto bytes = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: " + value + "\r\nContent-Length: 0\r\n\r\n";
    upstream_response response;
    std::string_view all{bytes};
    std::string_view piece;
    CAF_REQUIRE(response.next(all, piece) == found::head);
    return response.retry_after();
  };
  CAF_CHECK_EQUAL(retry_after("17"), 17);
  CAF_CHECK_EQUAL(retry_after("0"), 0);
  CAF_CHECK_EQUAL(retry_after("-3"), 0);
  CAF_CHECK_EQUAL(retry_after("3s"), 0);
  CAF_CHECK_EQUAL(retry_after("99999999999999"), 0);
  CAF_CHECK_EQUAL(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), 0);
}

CAF_TEST(a header of 64 KiB is read and a larger one refused in whatever pieces it comes) {
  auto header_of = [](std::size_t size) {
    auto text = ok + "Content-Length: 0\r\nX-Long: ";
    return text + std::string(size - text.size() - 4, 'x') + "\r\n\r\n";
  };
  auto limit = upstream_response::max_header_bytes;
  for (std::size_t part : {std::size_t{7}, std::size_t{4096}, limit * 2}) {
    auto in_parts = [&](const std::string& bytes) {
      std::vector<std::string> parts;
      for (std::size_t at = 0; at < bytes.size(); at += part)
        parts.push_back(bytes.substr(at, part));
      return read(parts);
    };
    CAF_CHECK(in_parts(header_of(limit)).whole);
    CAF_CHECK(in_parts(header_of(limit + 1)).malformed);
  }
  // Many small interim responses are a header too.
  std::string endless;
  while (endless.size() <= limit)
    endless += "HTTP/1.1 100 Continue\r\n\r\n";
  CAF_CHECK(read({endless}).malformed);
  CAF_CHECK(read({std::string(limit + 1, 'x')}).malformed);
}

CAF_TEST(chunk extensions and trailers have a bound) {
  auto too_much = std::string(upstream_response::max_chunk_extra_bytes + 1, 'x');
  CAF_CHECK(read({ok + "Transfer-Encoding: chunked\r\n\r\n1;" + too_much}).malformed);
  CAF_CHECK(read({ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: " + too_much}).malformed);
}

CAF_TEST(what is not HTTP is refused) {
  auto chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  for (auto& bytes : {
         std::string{"SSH-2.0-OpenSSH\r\n\r\n"},
         std::string{"HTTP/2 200\r\n\r\n"},
         std::string{"HTTP/1.1 2x0 OK\r\n\r\n"},
         ok + "Content-Length: x\r\n\r\n",
         ok + "Content-Length: -1\r\n\r\n",
         ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
         ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         ok + "no colon\r\n\r\n",
         chunked + "\r\n",
         chunked + "x\r\n",
         chunked + "-1\r\n",
         chunked + "1\n",
         chunked + "1\rx",
         chunked + "1;a\n",
         chunked + "1\r\nab",
         chunked + "1\r\na\n",
         chunked + "1\r\na\rx",
         chunked + "0\r\n\rx",
         chunked + "12345678901234567\r\n",
       })
    if (!read({bytes}).malformed)
      CAF_ERROR("was taken for a response: " << bytes);
}
