#include "net/api/handlers_node.hpp"

#include "net/api/request_fields.hpp"
#include "net/server/json_objects.hpp"

#include <algorithm>
#include <span>

namespace parley::net {

namespace {

/// Whoever asks wants to know soon: a store that takes longer is one in trouble, whatever will become of its work.
constexpr std::chrono::seconds health_timeout{1};

/// `then(failure or nothing)` once the store gave a sign of life, or none in time.
template <class Then>
void ask_store(const api_context& api, exchange& ex, Then then) {
  ex.self()
    .request(api.store, health_timeout, store_health{})
    .then([then](const store_written&) { then(std::optional<failure>{}); },
          [then](const caf::error& why) { then(std::optional<failure>{to_failure(why)}); });
}

/// GET /api/models/
void list_models(const api_context& api, exchange& ex) {
  request_check check;
  auto limit = read_limit(check, ex.request());
  auto& models = api.node->models.all();
  auto begin = models.begin();
  if (auto after = query_value(ex.request().query, "after"); after && !after->empty()) {
    begin = std::find_if(models.begin(), models.end(), [&](auto& entry) { return entry->id == *after; });
    if (begin == models.end())
      check.wrong("after", "must be the `next` of the page before.");
    else
      ++begin;
  }
  if (!check.ok())
    return ex.refuse(check.problem());
  auto end = begin + std::min<std::ptrdiff_t>(limit, models.end() - begin);
  ex.answer(json_response(200, list_object(std::span{begin, end}, end != models.end())));
}

/// GET /health/
void show_health(const api_context_ptr& api, exchange& ex) {
  ask_store(*api, ex, [api, &ex](const std::optional<failure>& problem) {
    json_object checks;
    checks["store"] = problem ? name(problem->code) : "ok";
    json_object body;
    body["status"] = problem ? "failing" : "ok";
    body["async_enabled"] = true;
    body["version"] = api->version;
    body["node"] = api->node_name;
    body["checks"] = std::move(checks);
    ex.answer(json_response(problem ? 503 : 200, body));
  });
}

/// GET /live/
void show_live(exchange& ex) {
  json_object body;
  body["status"] = "live";
  ex.answer(json_response(200, body));
}

/// GET /ready/
void show_ready(const api_context_ptr& api, exchange& ex) {
  if (api->draining && *api->draining)
    return ex.refuse({ec::unavailable, "This node is shutting down and takes no new turns.", {}});
  ask_store(*api, ex, [&ex](const std::optional<failure>& problem) {
    if (problem)
      return ex.refuse({ec::unavailable, "The store doesn't answer.", {}});
    json_object body;
    body["status"] = "ready";
    ex.answer(json_response(200, body));
  });
}

} // namespace

void add_node_routes(router& to, const api_context_ptr& api) {
  to.add("GET", "/api/models/", [api](exchange& ex, const path_parameters&) { list_models(*api, ex); });
  to.add("GET", "/health/", [api](exchange& ex, const path_parameters&) { show_health(api, ex); });
  to.add("GET", "/live/", [](exchange& ex, const path_parameters&) { show_live(ex); });
  to.add("GET", "/ready/", [api](exchange& ex, const path_parameters&) { show_ready(api, ex); });
}

} // namespace parley::net
