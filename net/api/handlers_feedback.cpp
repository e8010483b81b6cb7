#include "net/api/handlers_feedback.hpp"

#include "net/api/request_fields.hpp"
#include "net/server/json_objects.hpp"

namespace parley::net {

namespace {

preference read_preference(field_reader& fields) {
  auto text = fields.text("preference");
  // Where two stand side by side.
  if (text == "left")
    text = letter(0);
  else if (text == "right")
    text = letter(1);
  auto choice = parse_preference(text);
  if (!choice)
    fields.wrong("preference", "must be the best answer's participant (a to h), left, right, tie or both_bad.");
  return choice.value_or(preference{});
}

/// POST /api/feedback/
void vote(const api_context& api, exchange& ex) {
  auto body = read_body(ex.request());
  if (!body)
    return ex.refuse(body.error());
  request_check check;
  field_reader fields{check, *body};
  // A turn has the id of its user message.
  cast_vote wanted{{fields.id<turn_id>("turn_id").bytes}, read_preference(fields)};
  if (!check.ok())
    return ex.refuse(check.problem());
  ask_sessions(api, ex, wanted, [&ex](const vote_view& cast) { ex.answer(json_response(201, to_json(cast))); });
}

} // namespace

void add_feedback_routes(router& to, const api_context_ptr& api) {
  to.add("POST", "/api/feedback/", [api](exchange& ex, const path_parameters&) { vote(*api, ex); });
}

} // namespace parley::net
