#pragma once
// The upstream of kind `demo`: answers without a network and without a model, in OpenAI's stream format and at a human
// pace, and says so. It lets somebody see Parley at work before there is a key.

#include "actors/node/api.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace parley::net {

class reactor;

/// What the demo would say, as OpenAI's stream: its parts, and how long to wait before each.
struct demo_part {
  std::chrono::milliseconds pause;
  std::string bytes;
};

/// `request_body` is a request in OpenAI's format; its `model` chooses who speaks: `demo-thoughtful` thinks first and speaks
/// slower than `demo-swift`, any other name is in between. Equal requests are answered equally.
std::vector<demo_part> demo_answer(std::string_view request_body);

/// As `upstream_client::call`.
std::unique_ptr<upstream_call> call_demo(reactor& loop, const wire::upstream_request& what, upstream_handler& handler);

} // namespace parley::net
