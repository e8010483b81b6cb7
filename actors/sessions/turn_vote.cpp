#include "actors/sessions/turn_vote.hpp"

namespace parley {

namespace {

/// The newest answer of each seat; those without one are left out.
std::vector<const message*> judged_answers(const conversation& so_far, message_id question, std::size_t seats) {
  std::vector<const message*> newest(seats);
  for (auto* answer : so_far.answers_of(question))
    if (answer->seat && *answer->seat < seats && answer->run) {
      auto& known = newest[*answer->seat];
      if (!known || known->attempt < answer->attempt)
        known = answer;
    }
  std::erase(newest, nullptr);
  return newest;
}

bool is_comparison(const std::vector<const message*>& answers) {
  if (answers.size() != 2)
    return false;
  for (auto* answer : answers)
    if (answer->status != message_status::success || !answer->model)
      return false;
  return answers[0]->model->id != answers[1]->model->id;
}

} // namespace

expected<record_vote> plan_vote(const cast_vote& wanted, const session_now& now, bool another_under_way) {
  if (now.life.is_going())
    return fail(ec::not_found, "There is no such turn.", "turn_id");
  if (now.life.is_reloading())
    return tl::unexpected{being_reloaded()};
  if (now.runs.current())
    return fail(ec::turn_in_progress, "The session is still answering; a vote can be cast after it.", "turn_id");
  auto& so_far = now.record.messages();
  auto& about = now.record.about();
  auto* question = so_far.find(wanted.id);
  if (!question || question->role != message_role::user)
    return fail(ec::not_found, "There is no such turn.", "turn_id");
  if (question->vote)
    return fail(ec::already_voted, "There is a vote on this turn already; votes don't change.", "turn_id");
  auto answers = judged_answers(so_far, wanted.id, about.models.size());
  if (answers.size() < 2)
    return fail(ec::invalid_request, "This turn has nothing to compare: a vote needs two answers.", "turn_id");
  for (auto* answer : answers)
    if (!is_final(answer->status))
      return fail(ec::turn_in_progress, "The turn is still being answered.", "turn_id");
  if (wanted.choice.best && *wanted.choice.best >= about.models.size())
    return fail(ec::invalid_request, "This session has no such participant.", "preference");
  record_vote made;
  made.session_key = about.id;
  made.held = now.record.held();
  made.id = new_id<vote_id>();
  made.turn = question->turn;
  made.given = {wanted.choice, about.blind && !another_under_way && is_comparison(answers), now.node.wall()};
  if (made.given.counted) {
    made.left_model = answers[0]->model->id;
    made.right_model = answers[1]->model->id;
  }
  return made;
}

} // namespace parley
