#include "actors/sessions/run_plans.hpp"

namespace parley {

std::optional<failure> run_refusal(const session& about, const conversation& so_far, const node_context& node) {
  if (so_far.bytes() > node.bounds.max_session_bytes)
    return failure{ec::too_large, "This session is full; please begin a new one.", "session_id"};
  for (auto& label : about.models) {
    auto which = about.blind ? "One of the models" : "The model " + label.id;
    if (!node.models.find_askable(label.id))
      return failure{ec::invalid_request, which + " is not available on this server.", "session_id"};
  }
  return std::nullopt;
}

void plan_answers(run_plan& plan, const planned_turn& turn, const conversation& so_far, const session& about) {
  plan.names.turn = turn.question.turn;
  plan.names.user = turn.question.id;
  bool has_imports = turn.added.size() > 1;
  auto with_imports = has_imports ? so_far : conversation{};
  if (has_imports)
    for (auto& m : turn.added)
      with_imports.append(m);
  auto& branch = has_imports ? with_imports : so_far;
  for (auto answer : turn.answers) {
    auto seat = *answer.seat;
    answer.run = plan.names.run;
    planned_answer planned;
    planned.answer = std::move(answer);
    planned.targets = plan.node->models.with_fallbacks(about.models[seat].id);
    planned.ask = branch.prompt_for(seat, turn.question, about, plan.node->bounds.history_bytes);
    planned.prompt_bytes = planned.ask.system.size();
    for (auto& m : planned.ask.messages)
      planned.prompt_bytes += m.content.size();
    plan.answers.push_back(std::move(planned));
  }
}

std::size_t plan_replay(replay_plan& plan, const conversation& stored) {
  std::size_t bytes = 0;
  for (auto& m : stored.all()) {
    if (m.run != plan.names.run)
      continue;
    plan.names.turn = m.turn;
    plan.names.user = m.parent.value_or(message_id{});
    plan.answers.push_back(m);
    bytes += m.content.size() + m.reasoning.size();
  }
  return bytes;
}

} // namespace parley
