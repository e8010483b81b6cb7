#pragma once
// Writes down what a codec finds, one entry an event, for comparing.

#include "core/text.hpp"
#include "wire/dialects/dialect.hpp"

#include <string>
#include <utility>
#include <vector>

namespace parley::wire {

class recording_sink final : public answer_sink {
public:
  using parts = std::vector<std::string_view>;

  void text(std::string_view content) override { add("text", {content}); }

  void reasoning(std::string_view content) override { add("reasoning", {content}); }

  void tool_call_begins(std::string_view id, std::string_view name) override { add("call", {id, name}); }

  void tool_call_grows(std::string_view id, std::string_view arguments) override { add("grows", {id, arguments}); }

  void tool_call_ends(std::string_view id) override { add("ends", {id}); }

  void usage(std::int64_t prompt_tokens, std::int64_t completion_tokens) override {
    add("usage", {std::to_string(prompt_tokens), std::to_string(completion_tokens)});
  }

  void finished(finish_reason reason) override {
    add("finished", {name(reason)});
    ends_ += 1;
  }

  void failed(ec code, std::string_view message) override {
    add("failed", {name(code), message});
    ends_ += 1;
  }

  /// `text Hello`, `call call_1 get_weather`, …
  const std::vector<std::string>& events() const& { return events_; }
  std::vector<std::string> events() && { return std::move(events_); }

  /// False once a text that isn't clean came, or something after the end.
  bool keeps_the_contract() const { return contract_kept_; }

  int ends() const { return ends_; }

private:
  void add(std::string event, const parts& of) {
    for (auto part : of) {
      contract_kept_ = contract_kept_ && is_clean_text(part);
      event += ' ';
      event += part;
    }
    contract_kept_ = contract_kept_ && ends_ == 0;
    events_.push_back(std::move(event));
  }

  std::vector<std::string> events_;
  int ends_ = 0;
  bool contract_kept_ = true;
};

/// What a codec makes of a body that comes in those pieces.
inline recording_sink decode(provider_kind kind, const std::vector<std::string_view>& pieces) {
  recording_sink sink;
  auto codec = dialect_of(kind).make_codec();
  for (auto piece : pieces)
    codec->feed(piece, sink);
  codec->end(sink);
  return sink;
}

} // namespace parley::wire
