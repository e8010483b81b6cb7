#include "net/server/access_log.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <string>

namespace parley::net {

namespace {

/// A path in a log line: nothing that could end it or be taken for another field.
std::string loggable(std::string_view text) {
  std::string result{text.substr(0, 256)};
  std::replace_if(
    result.begin(), result.end(), [](char c) { return c <= ' ' || c > '~' || c == '"' || c == '\\'; }, '?');
  return result;
}

} // namespace

void log_access(const http_request& request, int status, steady::duration took, std::string_view note) {
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  spdlog::info("request={} method={} path={} status={} ms={}{}{}", request.request_id, loggable(request.method),
               loggable(request.path), status, ms, note.empty() ? "" : " ", note);
}

} // namespace parley::net
