#pragma once
// What goes to an upstream, and what comes back: a request, and the codec that turns a response's bytes into events. Sans-I/O:
// no socket, clock or actor. Both are made by the upstream's dialect (`wire/dialects/dialect.hpp`).

#include "core/answer_event.hpp"
#include "core/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::wire {

/// Most bytes of one event of an upstream's stream.
constexpr std::size_t max_event_bytes = 1024 * 1024;

/// An HTTP request to an upstream, less its host.
struct upstream_request {
  /// The path below the upstream's `base_url`: `/chat/completions`.
  std::string path;
  /// With the credentials: never logged.
  std::vector<std::pair<std::string, std::string>> headers;
  /// JSON.
  std::string body;
};

/// Takes what a codec finds, in order. After `finished` or `failed` nothing more comes.
/// All texts are clean (`core/text.hpp`) and valid during the call only.
class answer_sink {
public:
  virtual ~answer_sink() = default;
  virtual void text(std::string_view content) = 0;
  virtual void reasoning(std::string_view content) = 0;
  virtual void tool_call_begins(std::string_view id, std::string_view name) = 0;
  virtual void tool_call_grows(std::string_view id, std::string_view arguments) = 0;
  /// The call is whole.
  virtual void tool_call_ends(std::string_view id) = 0;
  /// The newest counts; a later call replaces an earlier one.
  virtual void usage(std::int64_t prompt_tokens, std::int64_t completion_tokens) = 0;
  /// The format's end mark came, after a finish reason.
  virtual void finished(finish_reason reason) = 0;
  virtual void failed(ec code, std::string_view message) = 0;
};

/// One codec decodes one response.
class codec {
public:
  virtual ~codec() = default;

  /// Bytes of a successful response's body, split anywhere.
  virtual void feed(std::string_view bytes, answer_sink& sink) = 0;

  /// The body has ended. Without the format's end mark that is `upstream_truncated`.
  virtual void end(answer_sink& sink) = 0;

  /// True once `finished` or `failed` was reported.
  virtual bool done() const = 0;
};

} // namespace parley::wire
