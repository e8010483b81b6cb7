#pragma once
// From a method and a path to a handler. Made once, constant afterwards: all loops use one.

#include "net/server/cors.hpp"
#include "net/server/exchange.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace parley::net {

class router {
public:
  explicit router(origin_policy origins) : origins_(std::move(origins)) {}

  /// `pattern` is `/api/sessions/{id}/`: a part in braces takes any one part of a path, `{id...}` at the end all that is left.
  /// The slash at the end is optional in requests. The first pattern that fits a path has it, so plain ones come before those
  /// with braces. GET takes HEAD too.
  void add(std::string_view method, std::string_view pattern, handler target);

  /// All paths that begin with `prefix` (`/v1/messages/`) tell of failures in that format, also where there is no route; all
  /// others by `error_response`. The slash at its end is optional in requests. Of several that fit, the first has it.
  void add_errors(std::string_view prefix, error_writer format);

  /// How what is wrong with a request for `path` is told, whoever finds it.
  error_writer errors_of(std::string_view path) const;

  /// Answers the request: by its handler, or with 403, 404, 405, 415, or the answer to OPTIONS.
  void serve(exchange& ex) const;

  /// All of them, such as `GET /api/sessions/{id}`: without the slash at the end.
  std::vector<std::string> all() const;

  const origin_policy& origins() const { return origins_; }

private:
  struct route {
    std::vector<std::string> parts;
    std::vector<std::pair<std::string, handler>> by_method;
  };

  struct error_format {
    std::vector<std::string> prefix;
    error_writer write;
  };

  origin_policy origins_;
  std::vector<route> routes_;
  std::vector<error_format> errors_;
};

} // namespace parley::net
