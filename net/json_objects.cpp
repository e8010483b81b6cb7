#include "net/json_objects.hpp"

namespace parley::net {

json_object to_json(const answer_state& state) {
  json_object result;
  result["id"] = to_string(state.id);
  result["participant"] = std::string(1, letter(state.who));
  result["status"] = name(state.status);
  result["finish_reason"] = state.finish ? json_object(name(*state.finish)) : json_object{};
  return result;
}

http_response json_response(int status, const json_object& body) {
  http_response response;
  response.status = status;
  response.body = wire::to_text(body) + "\n";
  return response;
}

} // namespace parley::net
