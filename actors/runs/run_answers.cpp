#include "actors/runs/run_answers.hpp"

#include "core/check.hpp"

#include <algorithm>

namespace parley {

run_answer& run_answers::of(participant who) {
  auto found = std::find_if(all_.begin(), all_.end(), [&](const run_answer& a) { return a.who() == who; });
  check(found != all_.end(), "a stream tells of an answer of its own run");
  return *found;
}

bool run_answers::all_finished() const {
  return std::all_of(all_.begin(), all_.end(), [](const run_answer& a) { return a.phase == answer_phase::finished; });
}

bool run_answers::any_stream() const {
  return std::any_of(all_.begin(), all_.end(), [](const run_answer& a) { return bool{a.stream}; });
}

run_outcome run_answers::outcome() const {
  run_outcome result{std::nullopt, true};
  for (auto& a : all_) {
    result.failed = result.failed && a.answer.status != message_status::success;
    if (!a.answer.usage)
      continue;
    if (!result.usage)
      result.usage = token_usage{0, 0, true};
    result.usage->prompt_tokens += a.answer.usage->prompt_tokens;
    result.usage->completion_tokens += a.answer.usage->completion_tokens;
    result.usage->reported = result.usage->reported && a.answer.usage->reported;
  }
  return result;
}

failure run_answers::first_failure() const {
  check(!all_.empty(), "a run has an answer");
  auto& error = all_.front().answer.error;
  return error ? failure{error->code, error->message, {}} : failure{};
}

std::vector<message> run_answers::so_far(const run_log& log) const {
  std::vector<message> result;
  for (auto& a : all_) {
    result.push_back(a.answer);
    auto& shown = result.back();
    shown.content = log.text(a.who());
    shown.reasoning = log.reasoning(a.who());
    if (!is_final(shown.status) && a.bytes > 0)
      shown.status = message_status::streaming;
  }
  return result;
}

void run_answers::answer_stops() {
  std::erase_if(stops_, [this](pending_stop& pending) {
    stopped_answers result;
    for (auto& a : all_) {
      if (!concerns(pending.who, a))
        continue;
      if (a.phase != answer_phase::finished)
        return false;
      result.states.push_back({a.answer.id, a.who(), a.answer.status, a.answer.finish});
    }
    pending.promise.deliver(std::move(result));
    return true;
  });
}

bool run_answers::concerns(const std::vector<participant>& named, const run_answer& a) {
  return named.empty() || std::find(named.begin(), named.end(), a.who()) != named.end();
}

} // namespace parley
