#include "actors/sessions/transcript.hpp"

#include <algorithm>

namespace parley {

expected<message_page> page_of(const conversation& all, const list_messages& wanted) {
  auto& messages = all.all();
  auto at = messages.begin();
  if (wanted.after) {
    at = std::find_if(messages.begin(), messages.end(), [&](const message& m) { return m.id == *wanted.after; });
    if (at == messages.end())
      return fail(ec::invalid_request, "This session has no such message.", "after");
    ++at;
  }
  auto end = at + std::min<std::ptrdiff_t>(messages.end() - at, wanted.limit);
  return message_page{{at, end}, end != messages.end()};
}

std::vector<message> newest_of(const conversation& all) {
  constexpr std::ptrdiff_t most = 50;
  auto& messages = all.all();
  return {messages.end() - std::min(messages.end() - messages.begin(), most), messages.end()};
}

bool any_running(const std::vector<message>& messages) {
  return std::any_of(messages.begin(), messages.end(), [](const message& m) { return !is_final(m.status); });
}

void fill_in(message& shown, const run_snapshot& now) {
  for (auto& answer : now.answers)
    if (answer.id == shown.id)
      shown = answer;
}

void fill_in(std::vector<message>& shown, const run_snapshot& now) {
  for (auto& m : shown)
    fill_in(m, now);
}

stopped_answers states_of(const message& named, const conversation& all) {
  stopped_answers result;
  auto add = [&](const message& m) { result.states.push_back({m.id, m.seat.value_or(0), m.status, m.finish}); };
  if (named.role != message_role::user)
    add(named);
  else
    for (auto* answer : all.answers_of(named.id))
      add(*answer);
  return result;
}

} // namespace parley
