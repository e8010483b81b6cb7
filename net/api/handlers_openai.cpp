#include "net/api/handlers_openai.hpp"

#include "net/api/request_fields.hpp"
#include "net/server/error_response.hpp"
#include "net/server/json_objects.hpp"
#include "wire/clients/openai_request.hpp"
#include "wire/dialects/dialect.hpp"
#include "wire/objects/openai_object.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <nlohmann/json.hpp>

namespace parley::net {

namespace {

constexpr std::string_view no_such_model = "does not exist; GET /v1/models lists them.";

void refuse_model(exchange& ex, const std::string& id, std::string_view why) {
  failure what{ec::not_found, "The model `" + id + "` " + std::string{why}, "model"};
  ex.answer(error_response_as("model_not_found", what, ex.request().request_id));
}

/// The models that the request names, each for as many choices as it wants; answers the request if one isn't there, or can't be
/// asked for this.
std::optional<std::vector<std::shared_ptr<const model>>> find_models(const api_context& api, exchange& ex,
                                                                     const wire::openai_request& wanted) {
  std::vector<std::shared_ptr<const model>> found;
  for (auto& id : wanted.models) {
    auto entry = api.node->models.find_askable(id);
    if (!entry) {
      refuse_model(ex, id,
                   entry.error() == not_askable::unknown ? no_such_model : "is not available: its provider's key is not set.");
      return std::nullopt;
    }
    if (auto can = wire::dialect_of(**entry).can_be_asked(*wanted.ask); !can) {
      ex.refuse(can.error());
      return std::nullopt;
    }
    found.insert(found.end(), wanted.choices, *entry);
  }
  return found;
}

/// POST /v1/chat/completions
void complete(const api_context& api, exchange& ex) {
  auto body = read_ordered_body(ex.request());
  if (!body)
    return ex.refuse(body.error());
  auto wanted = wire::read_openai_request(std::move(*body));
  if (!wanted)
    return ex.refuse(wanted.error());
  auto models = find_models(api, ex, *wanted);
  if (!models)
    return;
  completion_plan plan{wanted->ask, std::move(*models), &ex.home(), reader_actor{&ex.self()}};
  ex.end_with_client();
  if (wanted->stream) {
    auto& format = wanted->include_usage ? wire::openai_usage_stream() : wire::openai_stream();
    return ask_completions(api, ex, stream_completion{std::move(plan)},
                           [&ex, &format](const run_opened& run) { ex.stream(run, format); });
  }
  auto several = wanted->models.size() > 1;
  ask_completions(
    api, ex, await_completion{std::move(plan)}, [&ex, several, name = std::move(wanted->model)](const completed_run& run) {
      ex.answer(json_response(200, wire::openai_completion(run.run, name, run.answers, several, run.outcome.usage)));
    });
}

/// GET /v1/models
void list(const api_context& api, exchange& ex) {
  auto data = json_object::array();
  for (auto& entry : api.node->models.askable())
    data.push_back(wire::openai_model(*entry));
  json_object body;
  body["object"] = "list";
  body["data"] = std::move(data);
  ex.answer(json_response(200, body));
}

/// GET /v1/models/{id}
void show(const api_context& api, exchange& ex, const std::string& id) {
  auto entry = api.node->models.find_askable(id);
  if (!entry)
    return refuse_model(ex, id, no_such_model);
  ex.answer(json_response(200, wire::openai_model(**entry)));
}

} // namespace

void add_openai_routes(router& to, const api_context_ptr& api) {
  to.add("POST", "/v1/chat/completions/", [api](exchange& ex, const path_parameters&) { complete(*api, ex); });
  to.add("GET", "/v1/models/", [api](exchange& ex, const path_parameters&) { list(*api, ex); });
  // Ids may have slashes in them.
  to.add("GET", "/v1/models/{id...}/",
         [api](exchange& ex, const path_parameters& path) { show(*api, ex, percent_decoded(path[0], false)); });
}

} // namespace parley::net
