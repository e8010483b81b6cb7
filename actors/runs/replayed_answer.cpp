#include "actors/runs/replayed_answer.hpp"

#include "core/blinding.hpp"

#include <string_view>

namespace parley {

namespace {

std::uint32_t size_of(std::string_view text) {
  return static_cast<std::uint32_t>(text.size());
}

/// What remains to be told of an answer.
class teller {
public:
  teller(log_server& log, const message& answer)
    : log_(log), answer_(answer), who_(answer.seat.value_or(0)), text_(answer.content), reasoning_(answer.reasoning),
      told_(answer.tool_calls.size()) {}

  void tell(const answer_stretch& next) {
    switch (next.kind) {
    case stretch_kind::text:
      return tell_delta(event_kind::text, text_, next.bytes);
    case stretch_kind::reasoning:
      return tell_delta(event_kind::reasoning, reasoning_, next.bytes);
    case stretch_kind::arguments: // told with the whole call
      return log_.pass(who_, next);
    case stretch_kind::whole_call:
      return tell_call(next.call);
    }
  }

  /// What no stretch has told.
  void tell_rest() {
    tell_delta(event_kind::reasoning, reasoning_, size_of(reasoning_));
    tell_delta(event_kind::text, text_, size_of(text_));
    for (std::size_t i = 0; i < told_.size(); ++i)
      tell_call(i);
  }

private:
  void tell_delta(event_kind kind, std::string_view& rest, std::uint32_t bytes) {
    auto part = rest.substr(0, bytes);
    rest.remove_prefix(part.size());
    if (!part.empty())
      log_.append(who_, answer_delta{kind, std::string{part}});
  }

  void tell_call(std::size_t call) {
    if (call < told_.size() && !told_[call]) {
      told_[call] = true;
      log_.append(who_, answer_.tool_calls[call]);
    }
  }

  log_server& log_;
  const message& answer_;
  participant who_;
  std::string_view text_;
  std::string_view reasoning_;
  std::vector<bool> told_;
};

} // namespace

void fill_from_stored(log_server& log, const message& answer) {
  auto who = answer.seat.value_or(0);
  log.introduce(who, answer.id, answer.attempt);
  log.append(who, answer_restart{});
  teller tells{log, answer};
  for (auto& next : answer.stretches)
    tells.tell(next);
  tells.tell_rest();
  auto shown = shown_details(answer);
  log.append(who, answer_finish{answer.finish.value_or(finish_reason::interrupted), answer.id, shown.usage, shown.error, true});
}

} // namespace parley
