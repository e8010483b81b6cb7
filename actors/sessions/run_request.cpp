#include "actors/sessions/run_request.hpp"

namespace parley {

namespace {

/// Why no run can begin now.
std::optional<failure> refusal(const session_now& now) {
  if (auto* current = now.runs.current())
    return current->in_progress();
  return run_refusal(now.record.about(), now.record.messages(), now.node);
}

/// The run that made an answer, or the newest of a user's message.
std::optional<run_id> run_of(const message& named, const conversation& all) {
  if (named.role == message_role::user)
    if (auto answers = all.answers_of(named.id); !answers.empty())
      return answers.back()->run;
  return named.run;
}

expected<run_decision> read(const std::optional<run_id>& run, std::uint64_t from) {
  if (!run)
    return fail(ec::not_found, "No model ever answered this message.");
  return read_run{*run, from};
}

} // namespace

expected<run_decision> decide(const start_turn& wanted, const session_now& now) {
  auto& about = now.record.about();
  auto& messages = now.record.messages();
  if (now.life.is_going())
    return tl::unexpected{no_such_session("session_id")};
  if (now.life.is_reloading())
    return reload_first{};
  if (wanted.only_direct && about.models.size() > 1)
    return fail(ec::invalid_request, "Only one answer can be shown here; the session compares several.", "session_id");
  // The question of a run that isn't committed yet isn't in the conversation either.
  auto* asked = question_of(wanted);
  auto* current = now.runs.current();
  if (asked && current && !current->committed && asked->id == current->question.id) {
    if (asked->content != current->question.content)
      return fail(ec::id_conflict, "A message with this id and other content is there already.", "messages");
    return await_commit{};
  }
  auto plan = plan_turn(wanted, messages, about, now.node.wall());
  if (!plan)
    return tl::unexpected{plan.error()};
  if (plan->known)
    if (auto answers = messages.answers_of(plan->question.id); !answers.empty())
      return read(answers.front()->run, 0);
  if (auto why = refusal(now))
    return tl::unexpected{*why};
  return new_run{std::move(*plan), wanted.cancel_on_disconnect, wanted.by};
}

expected<run_decision> decide(const regenerate_answer& wanted, const session_now& now) {
  auto& messages = now.record.messages();
  if (now.life.is_going())
    return tl::unexpected{no_such_message()};
  auto plan = plan_another_attempt(wanted.id, messages, now.record.about(), now.node.wall());
  if (!plan)
    return tl::unexpected{plan.error()};
  if (now.life.is_reloading())
    return reload_first{};
  if (auto why = refusal(now))
    return tl::unexpected{*why};
  if (!messages.is_last_turn(plan->question.id))
    return fail(ec::not_last_turn, "Only the newest turn of a branch can be answered anew.", "id");
  return new_run{std::move(*plan), wanted.cancel_on_disconnect, wanted.by};
}

expected<run_decision> decide(const attach_to_run& wanted, const session_now& now) {
  auto* found = now.record.messages().find(wanted.id);
  if (!found || now.life.is_going())
    return tl::unexpected{no_such_message()};
  auto run = run_of(*found, now.record.messages());
  if (now.life.is_reloading() && !(run && now.runs.find(*run))) // a log that is there tells what was told before
    return reload_first{};
  bool other_run = wanted.from.run && run && wanted.from.run != *run;
  return read(run, other_run ? 0 : wanted.from.offset);
}

run_plan plan_run(const new_run& wanted, const run_place& at, const session_record& record, persistence_actor store) {
  auto plan = blank_plan<run_plan>(at);
  plan.keep = stored_session{std::move(store), record.id(), record.held()};
  plan.cancel_on_disconnect = wanted.cancel_on_disconnect;
  plan_answers(plan, wanted.turn, record.messages(), record.about());
  return plan;
}

} // namespace parley
