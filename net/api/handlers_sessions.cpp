#include "net/api/handlers_sessions.hpp"

#include "net/api/request_fields.hpp"
#include "net/server/json_objects.hpp"

#include <limits>

namespace parley::net {

namespace {

/// A title is one line of a list.
constexpr std::size_t max_title_bytes = 1024;

constexpr std::size_t max_stop_texts = 4;

sampling_parameters read_parameters(request_check& check, const nlohmann::json& object) {
  field_reader fields{check, object, "parameters."};
  sampling_parameters result;
  result.temperature = fields.optional_number("temperature", 0, 2);
  result.top_p = fields.optional_number("top_p", 0, 1);
  result.max_tokens = fields.optional_integer("max_tokens", 1, std::numeric_limits<std::int32_t>::max());
  result.stop = fields.optional_texts("stop");
  if (result.stop.size() > max_stop_texts)
    fields.wrong("stop", "must have at most 4 texts.");
  for (std::size_t i = 0; i < result.stop.size(); ++i)
    if (result.stop[i].empty())
      fields.wrong("stop[" + std::to_string(i) + "]", "must not be empty.");
  // Unlike an unknown field of the request, a parameter without effect would mislead.
  for (auto& [name, value] : object.items())
    if (name != "temperature" && name != "top_p" && name != "max_tokens" && name != "stop")
      fields.wrong(name, "is not a parameter; there are temperature, top_p, max_tokens and stop.");
  return result;
}

session_changes read_changes(request_check& check, const nlohmann::json& body, const limits& bounds) {
  field_reader fields{check, body};
  session_changes result;
  result.title = fields.optional_text("title");
  if (result.title && result.title->size() > max_title_bytes)
    fields.wrong("title", "must have at most 1024 bytes.");
  result.system_prompt = fields.optional_text("system_prompt");
  if (result.system_prompt && result.system_prompt->size() > bounds.history_bytes)
    fields.wrong("system_prompt", "must have at most " + std::to_string(bounds.history_bytes) + " bytes.");
  if (auto parameters = fields.optional_object("parameters"))
    result.parameters = read_parameters(check, *parameters);
  return result;
}

session_mode read_mode(field_reader& fields) {
  auto text = fields.text("mode");
  auto mode = parse_session_mode(text);
  if (!mode)
    fields.wrong("mode", "must be direct, compare or random.");
  return mode.value_or(session_mode::direct);
}

std::vector<std::string> read_models(field_reader& fields, session_mode mode, const catalogue& known) {
  if (mode == session_mode::random) {
    if (fields.has("models"))
      fields.wrong("models", "are drawn by the server in random mode; leave them out.");
    return {};
  }
  if (!fields.array("models"))
    return {};
  auto models = fields.optional_texts("models");
  if (mode == session_mode::direct && models.size() != 1)
    fields.wrong("models", "must have exactly 1 entry in direct mode.");
  if (mode == session_mode::compare && (models.size() < 2 || models.size() > max_participants))
    fields.wrong("models", "must have 2 to 8 entries in compare mode.");
  for (std::size_t i = 0; i < models.size(); ++i) {
    auto name = "models[" + std::to_string(i) + "]";
    if (auto entry = known.find_askable(models[i]); !entry)
      fields.wrong(name, entry.error() == not_askable::unknown ? "is not in the catalogue; GET /api/models/ lists it."
                                                               : "is not available: its provider isn't set up on this server.");
  }
  return models;
}

/// POST /api/sessions/
void create(const api_context& api, exchange& ex) {
  auto body = read_body(ex.request());
  if (!body)
    return ex.refuse(body.error());
  request_check check;
  field_reader fields{check, *body};
  make_session wanted;
  wanted.mode = read_mode(fields);
  wanted.models = read_models(fields, wanted.mode, api.node->models);
  wanted.given = read_changes(check, *body, api.node->bounds);
  if (!check.ok())
    return ex.refuse(check.problem());
  ask_sessions(api, ex, std::move(wanted), [&ex](const session_view& made) {
    auto response = json_response(201, to_json(made));
    response.headers.emplace_back("Location", "/api/sessions/" + to_string(made.about.id) + "/");
    ex.answer(std::move(response));
  });
}

/// GET /api/sessions/
void browse(const api_context& api, exchange& ex) {
  request_check check;
  browse_sessions wanted;
  wanted.page.limit = read_limit(check, ex.request());
  wanted.page.after = read_after<session_id>(check, ex.request());
  if (!check.ok())
    return ex.refuse(check.problem());
  ask_sessions(api, ex, std::move(wanted),
               [&ex](const session_view_page& page) { ex.answer(json_response(200, list_object(page.data, page.more))); });
}

/// GET /api/sessions/{id}/
void show(const api_context& api, exchange& ex, session_id id) {
  ask_sessions(api, ex, show_session{id}, [&ex](const session_view& view) { ex.answer(json_response(200, to_json(view))); });
}

/// PATCH /api/sessions/{id}/
void change(const api_context& api, exchange& ex, session_id id) {
  auto body = read_body(ex.request());
  if (!body)
    return ex.refuse(body.error());
  request_check check;
  for (auto name : {"mode", "models"})
    if (body->contains(name))
      check.wrong(name, "can't be changed.");
  change_session wanted{id, read_changes(check, *body, api.node->bounds)};
  if (!check.ok())
    return ex.refuse(check.problem());
  ask_sessions(api, ex, std::move(wanted), [&ex](const session_view& view) { ex.answer(json_response(200, to_json(view))); });
}

/// DELETE /api/sessions/{id}/
void remove(const api_context& api, exchange& ex, session_id id) {
  ask_sessions(api, ex, remove_session{id},
               [&ex](const store_written&) { ex.answer({.status = 204, .content_type = {}, .body = {}, .headers = {}}); });
}

/// GET /api/sessions/{id}/messages/
void show_messages(const api_context& api, exchange& ex, session_id id) {
  request_check check;
  show_transcript wanted;
  wanted.page.session_key = id;
  wanted.page.limit = read_limit(check, ex.request());
  wanted.page.after = read_after<message_id>(check, ex.request());
  if (!check.ok())
    return ex.refuse(check.problem());
  ask_sessions(api, ex, std::move(wanted),
               [&ex](const message_page& page) { ex.answer(json_response(200, list_object(page.data, page.more))); });
}

} // namespace

void add_session_routes(router& to, const api_context_ptr& api) {
  auto with_id = [api](void (*target)(const api_context&, exchange&, session_id)) {
    return [api, target](exchange& ex, const path_parameters& path) {
      // What is no id can't be the id of anything.
      if (auto id = parse_id<session_id>(path[0]))
        target(*api, ex, *id);
      else
        ex.refuse({ec::not_found, "There is no session of this id.", {}});
    };
  };
  to.add("POST", "/api/sessions/", [api](exchange& ex, const path_parameters&) { create(*api, ex); });
  to.add("GET", "/api/sessions/", [api](exchange& ex, const path_parameters&) { browse(*api, ex); });
  to.add("GET", "/api/sessions/{id}/", with_id(show));
  to.add("PATCH", "/api/sessions/{id}/", with_id(change));
  to.add("DELETE", "/api/sessions/{id}/", with_id(remove));
  to.add("GET", "/api/sessions/{id}/messages/", with_id(show_messages));
}

} // namespace parley::net
