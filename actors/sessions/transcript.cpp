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

expected<shown<message_page>> show(const list_messages& wanted, const session_now& now) {
  auto page = page_of(now.record.messages(), wanted);
  if (!page)
    return tl::unexpected{page.error()};
  shown<message_page> result{std::move(*page), {}};
  if (auto* current = now.runs.current(); current && any_running(result.reply.data)) {
    result.log = current->log;
    result.complete = [](message_page& reply, const run_snapshot& so_far) { fill_in(reply.data, so_far); };
  }
  return result;
}

expected<shown<message>> show(message_id wanted, const session_now& now) {
  auto* found = now.record.messages().find(wanted);
  if (!found)
    return tl::unexpected{no_such_message()};
  shown<message> result{*found, {}};
  if (auto* current = now.runs.current(); current && !is_final(found->status)) {
    result.log = current->log;
    result.complete = [](message& reply, const run_snapshot& so_far) { fill_in(reply, so_far); };
  }
  return result;
}

expected<shown<session_state_view>> show(const std::optional<wire::cursor>& from, const session_now& now) {
  if (now.life.is_going())
    return tl::unexpected{no_such_session()};
  if (from)
    if (auto rest = now.runs.rest_after(*from))
      return shown<session_state_view>{{view_of(now), true, {}, from, std::move(*rest)}, {}};
  shown<session_state_view> result{{view_of(now), false, newest_of(now.record.messages()), now.runs.newest_end(), {}}, {}};
  if (auto* current = now.runs.shown()) {
    result.reply.log = result.log = current->log;
    result.reply.at = wire::cursor{current->ids.run, 0};
    result.complete = [](session_state_view& reply, const run_snapshot& so_far) {
      fill_in(reply.messages, so_far);
      reply.at->offset = so_far.newest;
    };
  }
  return result;
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
