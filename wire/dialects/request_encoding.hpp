#pragma once
// What the codecs share when they write a request.

#include "core/model.hpp"
#include "wire/dialects/codec.hpp"
#include "wire/objects/object_json.hpp"

namespace parley::wire {

/// A request's body, written field by field: what a client said goes from its request into ours without a copy between.
class body_writer {
public:
  /// Asks `target` for a stream.
  explicit body_writer(const model& target);

  void add(std::string_view name, const json_object& value);

  std::string take() &&;

private:
  std::string text_;
};

/// A request with JSON for a stream of events. `credentials` and the headers that the configuration names for the upstream
/// are in it; a configured header replaces one of the same name.
upstream_request make_request(std::string path, std::string body, const model& target,
                              std::vector<std::pair<std::string, std::string>> credentials);

} // namespace parley::wire
