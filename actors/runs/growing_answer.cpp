#include "actors/runs/growing_answer.hpp"

#include "core/check.hpp"
#include "core/text.hpp"

namespace parley {

namespace {

/// An answer of more stretches is stored without them, and so told again in another order: nothing that a model writes is cut
/// like that, and they must not take more room than the answer.
constexpr std::size_t max_stretches = 4096;

/// Four characters a token, the usual rule of thumb.
std::int64_t estimated_tokens(std::size_t bytes) {
  return static_cast<std::int64_t>(bytes + 3) / 4;
}

std::int64_t in_ms(steady::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

std::size_t bytes_of(const answer_event& event) {
  if (auto* delta = std::get_if<answer_delta>(&event))
    return delta->content.size();
  if (auto* begun = std::get_if<tool_call_begin>(&event))
    return begun->id.size() + begun->name.size();
  if (auto* grown = std::get_if<tool_call_delta>(&event))
    return grown->arguments.size();
  return 0;
}

} // namespace

bool growing_answer::take(const answer_event& event, run_log& log, std::size_t max_bytes, steady::duration since) {
  auto with_it = bytes + bytes_of(event);
  if (with_it > max_bytes)
    return false;
  bytes = with_it;
  auto& calls = answer.tool_calls;
  if (std::holds_alternative<answer_delta>(event)) {
    if (!answer.latency)
      answer.latency = answer_latency{in_ms(since), 0};
  } else if (auto* begun = std::get_if<tool_call_begin>(&event)) {
    calls.push_back({begun->id, begun->name, {}});
  } else if (auto* grown = std::get_if<tool_call_delta>(&event)) {
    if (grown->index < calls.size())
      calls[grown->index].arguments += grown->arguments;
  } else if (std::holds_alternative<answer_restart>(event)) {
    bytes = 0;
    answer.latency.reset();
    calls.clear();
  }
  log.append(answer.seat.value_or(0), event);
  return true;
}

void growing_answer::end(const run_log& log, finish_reason reason, std::optional<answer_error> error,
                         std::optional<token_usage> usage, steady::duration since) {
  auto who = answer.seat.value_or(0);
  answer.content = log.text(who);
  answer.reasoning = log.reasoning(who);
  check(is_clean_text(answer.content) && is_clean_text(answer.reasoning), "a codec passes on clean text alone");
  answer.stretches = log.stretches(who);
  if (answer.stretches.size() > max_stretches)
    answer.stretches.clear();
  answer.status = is_success(reason) ? message_status::success : message_status::failed;
  answer.finish = reason;
  answer.error = std::move(error);
  answer.usage = usage;
  if (!usage && bytes > 0)
    answer.usage = token_usage{estimated_tokens(prompt_bytes), estimated_tokens(bytes), false};
  if (!answer.latency)
    answer.latency = answer_latency{};
  answer.latency->total = in_ms(since);
}

} // namespace parley
