#include "actors/sessions/turn_request.hpp"

#include "core/text.hpp"

#include <algorithm>

namespace parley {

namespace {

std::string field(std::size_t index, std::string_view name) {
  return "messages[" + std::to_string(index) + "]." + std::string{name};
}

message blank(const session& about, message_id id, message_role role, std::string content, unix_ms wall) {
  message made;
  made.id = id;
  made.session = about.id;
  made.turn = turn_id{id.bytes};
  made.role = role;
  made.content = std::move(content);
  made.created_at = made.completed_at = wall;
  return made;
}

message pending_answer(const message& question, participant seat, message_id id, int attempt, const session& about,
                       unix_ms wall) {
  message made;
  made.id = id;
  made.session = about.id;
  made.turn = question.turn;
  made.parent = question.id;
  made.role = message_role::assistant;
  made.seat = seat;
  made.attempt = attempt;
  made.status = message_status::pending;
  made.model = about.models[seat];
  made.blind = about.blind;
  made.created_at = wall;
  return made;
}

/// An empty assistant message after the question names the id of an answer.
expected<void> plan_answers(const start_turn& wanted, std::size_t first, const conversation& so_far, const session& about,
                            unix_ms wall, planned_turn& plan) {
  std::vector<std::optional<message_id>> named(about.models.size());
  for (auto i = first; i < wanted.messages.size(); ++i) {
    auto& m = wanted.messages[i];
    if (!m.id)
      continue;
    if (about.models.size() > 1 && !m.seat)
      return fail(ec::invalid_request, "In compare mode an answer's id needs its participant.", field(i, "participant"));
    auto seat = m.seat.value_or(0);
    if (seat >= about.models.size() || named[seat])
      return fail(ec::invalid_request, "This session has no such participant, or it is named twice.", field(i, "participant"));
    bool taken = *m.id == plan.question.id || std::find(named.begin(), named.end(), m.id) != named.end();
    if (!plan.known && (taken || so_far.find(*m.id)))
      return fail(ec::id_conflict, "A message with this id is there already.", field(i, "id"));
    named[seat] = m.id;
  }
  for (auto& id : named) {
    auto seat = static_cast<participant>(plan.answers.size());
    plan.answers.push_back(pending_answer(plan.question, seat, id ? *id : new_id<message_id>(), 1, about, wall));
  }
  return {};
}

std::string title_with(const std::vector<message>& added, const session& about) {
  auto title = about.title;
  if (about.title_is_set)
    return title;
  for (auto& m : added)
    if (m.role == message_role::user && title.empty())
      title = title_of(m.content);
  return title;
}

} // namespace

const incoming_message* question_of(const start_turn& wanted) {
  auto at = std::find_if(wanted.messages.rbegin(), wanted.messages.rend(),
                         [](const incoming_message& m) { return m.role == message_role::user; });
  return at == wanted.messages.rend() ? nullptr : &*at;
}

expected<planned_turn> plan_turn(const start_turn& wanted, const conversation& so_far, const session& about, unix_ms wall) {
  auto end = wanted.messages.size();
  while (end > 0 && wanted.messages[end - 1].role == message_role::assistant && wanted.messages[end - 1].content.empty())
    --end;
  if (end == 0 || wanted.messages[end - 1].role != message_role::user)
    return fail(ec::invalid_request, "The last message must be the user's.", end == 0 ? "messages" : field(end - 1, "role"));
  auto last = end - 1;
  planned_turn plan;
  auto parent = so_far.newest_leaf();
  for (std::size_t i = 0; i < last; ++i) {
    auto& m = wanted.messages[i];
    if (m.id && so_far.find(*m.id))
      continue;
    if (so_far.has_turns())
      return fail(ec::invalid_request, "Earlier messages can only be brought along before a session's first turn.",
                  "messages[" + std::to_string(i) + "]");
    auto import = blank(about, m.id.value_or(message_id{new_uuid()}), m.role, m.content, wall);
    import.parent = parent;
    if (m.role == message_role::assistant)
      import.seat = m.seat;
    for (auto& earlier : plan.added)
      if (earlier.id == import.id)
        return fail(ec::id_conflict, "Two messages have the same id.", field(i, "id"));
    if (parent && import.role == message_role::assistant)
      import.turn = plan.added.empty() ? turn_id{parent->bytes} : plan.added.back().turn;
    parent = import.id;
    plan.added.push_back(std::move(import));
  }
  auto& asked = wanted.messages[last];
  if (auto* stored = asked.id ? so_far.find(*asked.id) : nullptr) {
    if (stored->role != message_role::user || stored->content != asked.content)
      return fail(ec::id_conflict, "A message with this id and other content is there already.", field(last, "id"));
    plan.question = *stored;
    plan.known = true;
    plan.added.clear();
  } else {
    plan.question = blank(about, asked.id.value_or(message_id{new_uuid()}), message_role::user, asked.content, wall);
    plan.question.parent = parent;
    for (auto& import : plan.added)
      if (import.id == plan.question.id)
        return fail(ec::id_conflict, "Two messages have the same id.", field(last, "id"));
    if (wanted.at_root) {
      if (!plan.added.empty())
        return fail(ec::invalid_request, "A question at the root can't follow imported messages.", "parent_id");
      plan.question.parent.reset();
    } else if (wanted.parent) {
      auto* named = so_far.find(*wanted.parent);
      if (!named)
        return fail(ec::invalid_request, "This session has no such message.", "parent_id");
      if (named->role == message_role::user)
        return fail(ec::invalid_request, "A question follows an answer: name an assistant's message.", "parent_id");
      plan.question.parent = wanted.parent;
    }
    plan.added.push_back(plan.question);
  }
  if (auto planned = plan_answers(wanted, end, so_far, about, wall, plan); !planned)
    return tl::unexpected{planned.error()};
  plan.title = title_with(plan.added, about);
  return plan;
}

expected<planned_turn> plan_another_attempt(message_id answer, const conversation& so_far, const session& about, unix_ms wall) {
  auto* first = so_far.find(answer);
  if (!first)
    return fail(ec::not_found, "There is no such message.");
  auto* question = so_far.user_message_of(answer);
  if (first->role != message_role::assistant || !first->run || !question)
    return fail(ec::invalid_request, "Only an answer of a model can be made anew.", "id");
  auto seat = first->seat.value_or(0);
  planned_turn plan;
  plan.question = *question;
  plan.known = true;
  auto attempt = so_far.next_attempt(question->id, seat);
  plan.answers.push_back(pending_answer(*question, seat, new_id<message_id>(), attempt, about, wall));
  plan.title = about.title;
  return plan;
}

} // namespace parley
