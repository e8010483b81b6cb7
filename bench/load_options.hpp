#pragma once
// The load generator's command line; `loadgen.cpp` says what each means.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace parley::bench {

struct load_options {
  std::uint16_t port = 0;
  bool parley = false;
  std::string path = "/v1/chat/completions";
  std::string model = "bench-20-50000";
  std::vector<std::string> models{"bench"};
  std::size_t streams = 100;
  std::uint64_t ramp_ms = 1000;
  std::uint64_t timeout_s = 120;
  /// Each connects when its stream begins.
  bool late = false;
  /// WebSockets beside: of the first so many sessions, one each.
  std::size_t observers = 0;
  /// Lines of the request's header, each with its CRLF.
  std::string headers;
};

inline load_options parse(int argc, char** argv) {
  load_options o;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string name = argv[i];
    std::string value = argv[i + 1];
    if (name == "--port")
      o.port = static_cast<std::uint16_t>(std::stoul(value));
    else if (name == "--mode")
      o.parley = value == "parley";
    else if (name == "--path")
      o.path = value;
    else if (name == "--model")
      o.model = value;
    else if (name == "--streams")
      o.streams = std::stoul(value);
    else if (name == "--observers")
      o.observers = std::stoul(value);
    else if (name == "--ramp-ms")
      o.ramp_ms = std::stoul(value);
    else if (name == "--timeout-s")
      o.timeout_s = std::stoul(value);
    else if (name == "--connect")
      o.late = value == "late";
    else if (name == "--header")
      o.headers += value + "\r\n";
    else if (name == "--models") {
      o.models.clear();
      for (std::size_t at = 0; at <= value.size();) {
        auto end = std::min(value.find(',', at), value.size());
        o.models.push_back(value.substr(at, end - at));
        at = end + 1;
      }
    } else {
      std::fprintf(stderr, "loadgen: unknown option %s\n", name.c_str());
      std::exit(2);
    }
  }
  if (o.port == 0) {
    std::fprintf(stderr, "usage: loadgen --port P --mode parley|openai … (see the head of loadgen.cpp)\n");
    std::exit(2);
  }
  o.observers = o.parley ? std::min(o.observers, o.streams) : 0;
  return o;
}

} // namespace parley::bench
