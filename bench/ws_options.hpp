#pragma once
// The WebSocket load generator's command line; `ws_loadgen.cpp` says what each means.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace parley::bench {

struct ws_options {
  std::uint16_t port = 0;
  std::string path;
  std::size_t subscribers = 100;
  std::size_t stalled = 0;
  std::size_t answers = 20;
  std::size_t threads = 1;
  std::uint64_t timeout_s = 120;
  bool greeted = false;
};

inline ws_options parse_ws_options(int argc, char** argv) {
  ws_options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string name = argv[i];
    std::string value = argv[i + 1];
    if (name == "--port")
      o.port = static_cast<std::uint16_t>(std::stoul(value));
    else if (name == "--path")
      o.path = value;
    else if (name == "--subscribers")
      o.subscribers = std::stoul(value);
    else if (name == "--stalled")
      o.stalled = std::stoul(value);
    else if (name == "--answers")
      o.answers = std::stoul(value);
    else if (name == "--threads")
      o.threads = std::stoul(value);
    else if (name == "--timeout-s")
      o.timeout_s = std::stoul(value);
    else if (name == "--greeted")
      o.greeted = value == "yes";
    else {
      std::fprintf(stderr, "ws_loadgen: unknown option %s\n", name.c_str());
      std::exit(2);
    }
  }
  if (o.port == 0 || o.path.empty() || o.threads == 0) {
    std::fprintf(stderr, "usage: ws_loadgen --port P --path /ws/… (see the head of ws_loadgen.cpp)\n");
    std::exit(2);
  }
  return o;
}

} // namespace parley::bench
