#include "wire/dialects/anthropic_codec.hpp"

#include "wire/dialects/event_stream_codec.hpp"
#include "wire/dialects/provider_message.hpp"

#include <algorithm>

namespace parley::wire {

namespace {

finish_reason to_finish_reason(std::string_view reason) {
  if (reason == "max_tokens" || reason == "model_context_window_exceeded")
    return finish_reason::length;
  if (reason == "tool_use")
    return finish_reason::tool_calls;
  if (reason == "refusal")
    return finish_reason::content_filter;
  return finish_reason::stop; // `end_turn`, `stop_sequence`, `pause_turn`, and what is new
}

/// https://docs.anthropic.com/en/api/errors: the type goes with the HTTP status that the error would have had.
ec to_code(std::string_view error_type) {
  if (error_type == "rate_limit_error")
    return ec::upstream_rate_limited;
  if (error_type == "overloaded_error" || error_type == "api_error" || error_type == "timeout_error")
    return ec::upstream_overloaded;
  return ec::upstream_rejected;
}

class anthropic_codec final : public event_stream_codec {
private:
  struct open_call {
    std::int64_t index;
    std::string id;
    /// The arguments, if no delta brings any: JSON text.
    std::string input;
  };

  void take(simdjson::dom::object event, std::string_view, answer_sink& sink) override {
    auto type = string_at(event, "type");
    auto index = count_at(event, "index").value_or(0);
    if (type == "content_block_delta") {
      if (auto delta = object_at(event, "delta"))
        take_block_delta(index, *delta, sink);
    } else if (type == "content_block_start") {
      if (auto block = object_at(event, "content_block"))
        take_block_start(index, *block, sink);
    } else if (type == "content_block_stop") {
      if (auto call = find_call(index); call != calls_.end())
        end_call(call, sink);
    } else if (type == "message_start") {
      if (auto message = object_at(event, "message"))
        if (auto usage = object_at(*message, "usage"))
          take_prompt_usage(*usage);
    } else if (type == "message_delta") {
      if (auto delta = object_at(event, "delta"))
        if (auto reason = string_at(*delta, "stop_reason"); !reason.empty())
          finish_ = to_finish_reason(reason);
      if (auto usage = object_at(event, "usage"))
        take_usage(*usage, sink);
    } else if (type == "message_stop") {
      take_end_mark(sink);
    } else if (type == "error") {
      take_error(event, sink);
    } // `ping`, and what will be added: the provider asks to ignore unknown events
  }

  void take_block_start(std::int64_t index, simdjson::dom::object block, answer_sink& sink) {
    auto type = string_at(block, "type");
    if (type == "tool_use") {
      if (calls_begun_++ == max_tool_calls)
        return give_up(ec::upstream_malformed, "The provider's answer calls too many tools.", sink);
      simdjson::dom::object input;
      auto has_input = block.at_key("input").get(input) == simdjson::SUCCESS;
      calls_.push_back(
        {index, std::string{string_at(block, "id")}, has_input ? std::string{simdjson::minify(input)} : std::string{"{}"}});
      sink.tool_call_begins(calls_.back().id, string_at(block, "name"));
    } else if (type == "text") {
      show(event_kind::text, string_at(block, "text"), sink);
    } else if (type == "thinking") {
      show(event_kind::reasoning, string_at(block, "thinking"), sink);
    } // `redacted_thinking` is for the provider's eyes only
  }

  void take_block_delta(std::int64_t index, simdjson::dom::object delta, answer_sink& sink) {
    auto type = string_at(delta, "type");
    if (type == "text_delta") {
      show(event_kind::text, string_at(delta, "text"), sink);
    } else if (type == "thinking_delta") {
      show(event_kind::reasoning, string_at(delta, "thinking"), sink);
    } else if (type == "input_json_delta") {
      auto piece = string_at(delta, "partial_json");
      auto call = find_call(index);
      if (piece.empty() || call == calls_.end())
        return;
      call->input.clear();
      sink.tool_call_grows(call->id, piece);
    } // `signature_delta` signs reasoning that is sent back, which we don't
  }

  std::vector<open_call>::iterator find_call(std::int64_t index) {
    return std::find_if(calls_.begin(), calls_.end(), [&](const open_call& call) { return call.index == index; });
  }

  void end_call(std::vector<open_call>::iterator call, answer_sink& sink) {
    if (!call->input.empty())
      sink.tool_call_grows(call->id, call->input);
    sink.tool_call_ends(call->id);
    calls_.erase(call);
  }

  /// What was read from or written to the cache is counted apart, and is part of the prompt.
  void take_prompt_usage(simdjson::dom::object usage) {
    std::int64_t total = 0;
    for (auto key : {"input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"})
      total += count_at(usage, key).value_or(0);
    if (total > 0) // a `message_delta` has these counts with newer models only
      prompt_tokens_ = total;
  }

  /// The counts of a `message_delta` are those of the whole answer. The one of `message_start` isn't reported: for an
  /// answer that breaks off it would be far too low.
  void take_usage(simdjson::dom::object usage, answer_sink& sink) {
    take_prompt_usage(usage);
    if (auto output = count_at(usage, "output_tokens"))
      sink.usage(prompt_tokens_, *output);
  }

  void take_error(simdjson::dom::object event, answer_sink& sink) {
    std::string_view type;
    std::string_view message;
    if (auto error = object_at(event, "error")) {
      type = string_at(*error, "type");
      message = string_at(*error, "message");
    }
    auto about_our_key = type == "authentication_error" || type == "permission_error";
    give_up(to_code(type), describe_error_event(about_our_key ? std::string_view{} : message), sink);
  }

  void take_end_mark(answer_sink& sink) override {
    if (!finish_)
      return give_up_truncated(sink);
    while (!calls_.empty())
      end_call(calls_.begin(), sink);
    finish(*finish_, sink);
  }

  /// Calls whose block hasn't stopped.
  std::vector<open_call> calls_;
  std::size_t calls_begun_ = 0;
  std::int64_t prompt_tokens_ = 0;
  std::optional<finish_reason> finish_;
};

} // namespace

std::unique_ptr<codec> make_anthropic_codec() {
  return std::make_unique<anthropic_codec>();
}

} // namespace parley::wire
