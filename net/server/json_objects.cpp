#include "net/server/json_objects.hpp"

namespace parley::net {

json_object to_json(const answer_state& state) {
  json_object result;
  result["id"] = to_string(state.id);
  result["participant"] = std::string(1, letter(state.who));
  result["status"] = name(state.status);
  result["finish_reason"] = state.finish ? json_object(name(*state.finish)) : json_object{};
  return result;
}

json_object to_json(const vote_view& cast) {
  json_object result;
  result["id"] = to_string(cast.id);
  result["session_id"] = to_string(cast.about.about.id);
  result["turn_id"] = to_string(cast.turn);
  result.update(to_json(cast.given));
  // Which models they were, the session says from now on.
  result["session"] = to_json(cast.about);
  return result;
}

http_response json_response(int status, const json_object& body) {
  http_response response;
  response.status = status;
  response.body = wire::to_text(body) + "\n";
  return response;
}

} // namespace parley::net
