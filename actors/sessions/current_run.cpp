#include "actors/sessions/current_run.hpp"

#include "core/check.hpp"

namespace parley {

run_opened current_run::opened_in(session_id session_key) const {
  check(committed, "nothing of an answer is shown before its question is committed");
  return {{session_key, ids.turn, ids.run, question.id}, log, answers, 0};
}

failure current_run::in_progress() const {
  return {ec::turn_in_progress,
          "The session is answering turn " + to_string(ids.turn) + "; read along from cursor " + wire::to_cursor(ids.run, 0)
            + ", or stop it.",
          {}};
}

std::optional<stop_answers> current_run::stop_of(const message& named) const {
  if (named.role == message_role::user && named.turn == ids.turn)
    return stop_answers{{}, finish_reason::cancelled};
  if (named.role != message_role::user && named.run == ids.run)
    return stop_answers{{named.seat.value_or(0)}, finish_reason::cancelled};
  return std::nullopt;
}

current_run begun_run(const planned_turn& turn, const run_plan& plan, const ask& by) {
  current_run made;
  made.ids = {plan.names.turn, plan.names.run};
  made.question = turn.question;
  for (auto& planned : plan.answers)
    made.answers.push_back({*planned.answer.seat, planned.answer.id});
  made.by = by;
  return made;
}

std::vector<message> first_messages(const planned_turn& turn, const run_plan& plan) {
  auto result = turn.added;
  for (auto& planned : plan.answers)
    result.push_back(planned.answer);
  return result;
}

std::vector<message_id> ids_of(const message& question, const std::vector<message>& first) {
  std::vector<message_id> ids{question.id};
  for (auto& m : first)
    ids.push_back(m.id);
  return ids;
}

} // namespace parley
