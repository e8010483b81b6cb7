#include "net/api/handlers_leaderboard.hpp"

#include "net/api/request_fields.hpp"
#include "net/server/json_objects.hpp"

#include <cmath>

namespace parley::net {

namespace {

/// Tenths of a point: votes never say more.
double rounded(double rating) {
  return std::round(rating * 10) / 10;
}

json_object to_json(const standing& its, const catalogue& models) {
  auto known = models.find(its.model);
  json_object model;
  model["id"] = its.model;
  model["display_name"] = known ? known->display_name : its.model;
  json_object result;
  result["model"] = std::move(model);
  result["rating"] = rounded(its.strength.value);
  result["low"] = rounded(its.strength.low);
  result["high"] = rounded(its.strength.high);
  result["votes"] = its.votes;
  result["wins"] = its.wins;
  result["losses"] = its.losses;
  result["ties"] = its.ties;
  result["both_bad"] = its.both_bad;
  return result;
}

json_object to_json(vote_period period, const leaderboard& board, const catalogue& models) {
  auto data = json_object::array();
  auto ids = json_object::array();
  for (auto& each : board.data) {
    data.push_back(to_json(each, models));
    ids.push_back(each.model);
  }
  json_object matrix;
  matrix["models"] = std::move(ids);
  matrix["wins"] = board.wins;
  json_object result;
  result["period"] = name(period);
  result["votes"] = board.votes;
  result["data"] = std::move(data);
  result["win_matrix"] = std::move(matrix);
  return result;
}

/// GET /api/leaderboard/
void show(const api_context_ptr& api, exchange& ex) {
  request_check check;
  auto period = vote_period::all;
  if (auto text = query_value(ex.request().query, "period"); text && !text->empty()) {
    auto parsed = parse_vote_period(*text);
    if (!parsed)
      check.wrong("period", "must be all, 30d or 7d.");
    period = parsed.value_or(period);
  }
  if (!check.ok())
    return ex.refuse(check.problem());
  ex.self()
    .request(api->leaderboard, defaults::actor_timeout, show_leaderboard{period, ex.by()})
    .then([api, &ex,
           period](const leaderboard_ptr& board) { ex.answer(json_response(200, to_json(period, *board, api->node->models))); },
          [&ex](const caf::error& why) { ex.refuse(to_failure(why)); });
}

} // namespace

void add_leaderboard_routes(router& to, const api_context_ptr& api) {
  to.add("GET", "/api/leaderboard/", [api](exchange& ex, const path_parameters&) { show(api, ex); });
}

} // namespace parley::net
