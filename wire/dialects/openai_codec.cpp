#include "wire/dialects/openai_codec.hpp"

#include "wire/dialects/event_stream_codec.hpp"
#include "wire/dialects/provider_message.hpp"

#include <algorithm>

namespace parley::wire {

namespace {

/// The reasons that end an answer as the provider meant it; nothing for those that report trouble.
std::optional<finish_reason> to_finish_reason(std::string_view reason) {
  if (reason == "length" || reason == "max_tokens")
    return finish_reason::length;
  if (reason == "content_filter")
    return finish_reason::content_filter;
  if (reason == "tool_calls" || reason == "function_call")
    return finish_reason::tool_calls;
  if (reason == "error" || reason == "insufficient_system_resource") // OpenRouter, DeepSeek
    return std::nullopt;
  return finish_reason::stop; // also for a server's own words: `eos`, `end_turn`, …
}

/// OpenAI names its errors, gateways use the HTTP status that the error would have had.
ec to_code(std::string_view type, std::string_view code, std::int64_t status) {
  auto either_has = [&](std::string_view word) {
    return type.find(word) != std::string_view::npos || code.find(word) != std::string_view::npos;
  };
  if (status == 429 || code == "429" || either_has("rate_limit"))
    return ec::upstream_rate_limited;
  if (status >= 500 || (code.size() == 3 && code.front() == '5') || either_has("server_error") || either_has("overloaded")
      || either_has("unavailable"))
    return ec::upstream_overloaded;
  return ec::upstream_rejected;
}

class openai_codec final : public event_stream_codec {
public:
  /// OpenAI fills it with noise in each chunk; nobody reads it.
  openai_codec() : event_stream_codec("obfuscation") {}

private:
  struct open_call {
    std::int64_t index;
    std::string id;
  };

  bool is_end_mark(std::string_view data) const override { return data == "[DONE]"; }

  void take(simdjson::dom::object chunk, std::string_view event_name, answer_sink& sink) override {
    std::optional<simdjson::dom::array> choices;
    auto is_error = event_name == "error";
    for (auto [key, value] : chunk) {
      if (key == "choices") {
        simdjson::dom::array found;
        if (value.get(found) == simdjson::SUCCESS)
          choices = found;
      } else if (key == "usage") {
        take_usage(value, sink);
      } else if (key == "error") {
        is_error = is_error || !value.is_null();
      } else if (key == "object") {
        is_error = is_error || string_in(value) == "error"; // older vLLM
      }
    }
    if (is_error)
      return take_error(chunk, sink);
    if (!choices)
      return;
    for (auto choice : *choices)
      if (auto object = object_in(choice); object && count_at(*object, "index").value_or(0) == 0) {
        take_choice(*object, sink);
        if (done())
          return;
      }
  }

  void take_usage(simdjson::dom::element value, answer_sink& sink) {
    auto usage = object_in(value);
    if (!usage)
      return;
    auto prompt_tokens = count_at(*usage, "prompt_tokens");
    auto completion_tokens = count_at(*usage, "completion_tokens");
    if (!prompt_tokens || !completion_tokens)
      return;
    does_more();
    sink.usage(*prompt_tokens, *completion_tokens);
  }

  void take_error(simdjson::dom::object chunk, answer_sink& sink) {
    auto error = object_at(chunk, "error").value_or(chunk);
    auto status = count_at(error, "code").value_or(0);
    auto code = to_code(string_at(error, "type"), string_at(error, "code"), status);
    auto message = string_at(error, "message");
    if (message.empty())
      message = string_at(chunk, "error"); // a bare string
    auto about_our_key = status == 401 || status == 403 || string_at(error, "code") == "invalid_api_key";
    give_up(code, describe_error_event(about_our_key ? std::string_view{} : message), sink);
  }

  void take_choice(simdjson::dom::object choice, answer_sink& sink) {
    if (auto delta = object_at(choice, "delta"))
      take_delta(*delta, sink);
    auto reason = string_at(choice, "finish_reason");
    if (done() || reason.empty())
      return;
    does_more();
    if (auto known = to_finish_reason(reason))
      finish_ = *known; // the usage may follow
    else
      give_up(ec::upstream_overloaded, "The provider broke the answer off.", sink);
  }

  void take_delta(simdjson::dom::object delta, answer_sink& sink) {
    std::string_view reasoning;
    std::optional<simdjson::dom::element> content;
    std::string_view refusal;
    std::optional<simdjson::dom::element> calls;
    std::optional<simdjson::dom::element> function;
    for (auto [key, value] : delta) {
      if (key == "content")
        content = value;
      else if (key == "reasoning_content" || key == "reasoning") // servers that send both say the same in both
        reasoning = reasoning.empty() ? string_in(value) : reasoning;
      else if (key == "refusal")
        refusal = string_in(value);
      else if (key == "tool_calls")
        calls = value;
      else if (key == "function_call")
        function = value;
    }
    show(event_kind::reasoning, reasoning, sink);
    if (content)
      show_parts(event_kind::text, *content, sink);
    if (!refusal.empty()) {
      does_more();
      refused_ = true;
      sink.text(refusal);
    }
    if (calls)
      take_calls(*calls, sink);
    if (function && !done())
      if (auto object = object_in(*function)) // before there were tool calls: one function, no id
        take_call(-1, "", *object, sink);
  }

  /// A text, or parts: Mistral's models that reason send `[{"type":"thinking","thinking":[{"type":"text","text":"…"}]}]`, and a
  /// text in a part of its own where it begins (https://docs.mistral.ai/api/endpoint/chat: ContentChunk).
  void show_parts(event_kind kind, simdjson::dom::element value, answer_sink& sink) {
    show(kind, string_in(value), sink);
    simdjson::dom::array parts;
    if (value.get(parts) != simdjson::SUCCESS)
      return;
    for (auto entry : parts)
      if (auto part = object_in(entry)) {
        show(kind, string_at(*part, "text"), sink);
        simdjson::dom::element thinking;
        if (kind == event_kind::text && part->at_key("thinking").get(thinking) == simdjson::SUCCESS)
          show_parts(event_kind::reasoning, thinking, sink);
      }
  }

  void take_calls(simdjson::dom::element value, answer_sink& sink) {
    simdjson::dom::array calls;
    if (value.get(calls) != simdjson::SUCCESS)
      return;
    std::int64_t position = 0;
    for (auto entry : calls) {
      if (auto call = object_in(entry))
        if (auto function = object_at(*call, "function"))
          take_call(count_at(*call, "index").value_or(position), string_at(*call, "id"), *function, sink);
      if (done())
        return;
      ++position;
    }
  }

  void take_call(std::int64_t index, std::string_view id, simdjson::dom::object function, answer_sink& sink) {
    does_more();
    // The newest call of that index: servers that send each call whole may give all of them the index 0.
    auto call = std::find_if(calls_.rbegin(), calls_.rend(), [&](const open_call& open) { return open.index == index; });
    if (call == calls_.rend() || (!id.empty() && call->id != id)) {
      if (calls_.size() == max_tool_calls)
        return give_up(ec::upstream_malformed, "The provider's answer calls too many tools.", sink);
      calls_.push_back({index, id.empty() ? "call_" + std::to_string(calls_.size()) : std::string{id}});
      call = calls_.rbegin();
      sink.tool_call_begins(call->id, string_at(function, "name"));
    }
    if (auto arguments = string_at(function, "arguments"); !arguments.empty())
      sink.tool_call_grows(call->id, arguments);
  }

  void take_end_mark(answer_sink& sink) override {
    if (!finish_)
      return give_up_truncated(sink);
    for (auto& call : calls_)
      sink.tool_call_ends(call.id);
    finish(refused_ ? finish_reason::content_filter : *finish_, sink);
  }

  std::vector<open_call> calls_;
  /// Came, but the end mark hasn't.
  std::optional<finish_reason> finish_;
  bool refused_ = false;
};

} // namespace

std::unique_ptr<codec> make_openai_codec() {
  return std::make_unique<openai_codec>();
}

} // namespace parley::wire
