#include "net/api/handlers_anthropic.hpp"

#include "core/check.hpp"
#include "net/api/request_fields.hpp"
#include "net/server/error_response.hpp"
#include "net/server/json_objects.hpp"
#include "wire/clients/anthropic_request.hpp"
#include "wire/dialects/dialect.hpp"
#include "wire/objects/anthropic_object.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <nlohmann/json.hpp>

namespace parley::net {

namespace {

/// By the name that its clients look for.
void add_request_id(exchange& ex) {
  ex.add_header("request-id", ex.request().request_id);
}

/// POST /v1/messages
void answer(const api_context& api, exchange& ex) {
  auto body = read_ordered_body(ex.request());
  if (!body)
    return ex.refuse(body.error());
  auto wanted = wire::read_anthropic_request(std::move(*body));
  if (!wanted)
    return ex.refuse(wanted.error());
  auto target = api.node->models.find_askable(wanted->model);
  if (!target) {
    auto why = target.error() == not_askable::unknown ? " does not exist." : " is not available.";
    return ex.refuse({ec::not_found, "model: " + wanted->model + why, "model"});
  }
  if (auto can = wire::dialect_of(**target).can_be_asked(*wanted->ask); !can)
    return ex.refuse(can.error());
  completion_plan plan{wanted->ask, {*target}, &ex.home(), reader_actor{&ex.self()}};
  ex.end_with_client();
  if (wanted->stream)
    return ask_completions(api, ex, stream_completion{std::move(plan)}, [&ex](const run_opened& run) {
      add_request_id(ex);
      ex.stream(run, wire::anthropic_stream());
    });
  ask_completions(api, ex, await_completion{std::move(plan)}, [&ex, name = std::move(wanted->model)](const completed_run& run) {
    add_request_id(ex);
    check(!run.answers.empty(), "a run that is completed has an answer");
    ex.answer(json_response(200, wire::anthropic_message(run.run, name, run.answers.front())));
  });
}

} // namespace

void add_anthropic_routes(router& to, const api_context_ptr& api) {
  to.add_errors("/v1/messages/", anthropic_error_response);
  to.add("POST", "/v1/messages/", [api](exchange& ex, const path_parameters&) { answer(*api, ex); });
}

} // namespace parley::net
