#include "net/api/handlers_messages.hpp"

#include "net/api/handlers_ui_chat.hpp"
#include "net/api/ui_chat_request.hpp"
#include "net/server/json_objects.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <set>
#include <unordered_set>

namespace parley::net {

namespace {

/// True for the messages after the user's, which only name the ids that the answers shall get.
bool is_placeholder(const incoming_message& what) {
  return what.role == message_role::assistant && what.content.empty();
}

std::optional<participant> read_seat(field_reader& fields) {
  auto text = fields.optional_text("participant");
  if (!text)
    return std::nullopt;
  if (text->size() == 1 && text->front() >= 'a' && text->front() < letter(max_participants))
    return static_cast<participant>(text->front() - 'a');
  fields.wrong("participant", "must be a letter from a to h.");
  return std::nullopt;
}

incoming_message read_message(request_check& check, const nlohmann::json& object, const std::string& where) {
  if (!object.is_object()) {
    check.wrong(where, "must be an object.");
    return {};
  }
  field_reader fields{check, object, where + "."};
  incoming_message result;
  auto role = parse_message_role(fields.text("role"));
  if (!role)
    fields.wrong("role", "must be user, assistant or system.");
  result.role = role.value_or(message_role::user);
  result.content = fields.text("content");
  if (result.role == message_role::user && result.content.empty())
    fields.wrong("content", "must not be empty.");
  result.id = fields.optional_id<message_id>("id");
  result.seat = read_seat(fields);
  if (result.seat && result.role != message_role::assistant)
    fields.wrong("participant", "is for assistant messages only.");
  return result;
}

std::string nth(std::size_t i) {
  return "messages[" + std::to_string(i) + "]";
}

/// What concerns the messages together: whose is the last, and nothing is named twice.
void check_messages(request_check& check, const std::vector<incoming_message>& messages) {
  auto last = messages.size();
  while (last > 0 && is_placeholder(messages[last - 1]))
    --last;
  if (last == 0)
    return check.wrong("messages", "must have a user message.");
  if (messages[last - 1].role != message_role::user)
    return check.wrong(nth(last - 1) + ".role", "must be user: the last message is the one to answer.");
  std::unordered_set<message_id> ids;
  std::set<std::optional<participant>> placeholder_seats;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].id && !ids.insert(*messages[i].id).second)
      return check.wrong(nth(i) + ".id", "is the id of an earlier message too.");
    if (i >= last && !placeholder_seats.insert(messages[i].seat).second)
      return check.wrong(nth(i) + ".participant", "must differ from that of the answers before.");
  }
}

std::vector<incoming_message> read_messages(request_check& check, field_reader& fields) {
  std::vector<incoming_message> result;
  auto array = fields.array("messages");
  if (!array)
    return result;
  if (array->empty())
    fields.wrong("messages", "must not be empty.");
  result.reserve(array->size());
  for (std::size_t i = 0; i < array->size() && check.ok(); ++i)
    result.push_back(read_message(check, (*array)[i], nth(i)));
  if (check.ok())
    check_messages(check, result);
  return result;
}

/// Asks for a run, and streams it.
template <class Request>
void ask_for_run(const api_context& api, exchange& ex, Request what, const wire::stream_encoder& format) {
  ask_sessions(
    api, ex, std::move(what), [&ex, &format](const run_opened& run) { stream_run(ex, run, format); }, run_home{&ex.home()});
}

/// POST /api/messages/stream/
void stream(const api_context& api, exchange& ex) {
  auto body = read_body(ex.request());
  if (!body)
    return ex.refuse(body.error());
  if (is_ui_chat(*body))
    return answer_ui_chat(api, ex, *body);
  request_check check;
  field_reader fields{check, *body};
  start_turn wanted;
  wanted.session_key = fields.id<session_id>("session_id");
  wanted.messages = read_messages(check, fields);
  wanted.parent = fields.optional_id<message_id>("parent_id");
  // Absent means the newest message, null in so many words means none.
  wanted.at_root = body->contains("parent_id") && !wanted.parent;
  wanted.cancel_on_disconnect = read_cancels(fields);
  auto& format = wire::choose_encoder(ex.request().header("accept"));
  wanted.only_direct = format.shows_one_answer();
  if (!check.ok())
    return ex.refuse(check.problem());
  ask_for_run(api, ex, std::move(wanted), format);
}

/// POST /api/messages/stream-simple/
void stream_simple(const api_context& api, exchange& ex) {
  auto body = read_body(ex.request());
  if (!body)
    return ex.refuse(body.error());
  request_check check;
  field_reader fields{check, *body};
  start_turn wanted;
  wanted.session_key = fields.id<session_id>("session_id");
  wanted.messages.push_back({message_role::user, fields.text("message"), std::nullopt, std::nullopt});
  if (wanted.messages[0].content.empty())
    fields.wrong("message", "must not be empty.");
  auto& format = wire::simple_stream();
  wanted.only_direct = format.shows_one_answer();
  if (!check.ok())
    return ex.refuse(check.problem());
  ask_for_run(api, ex, std::move(wanted), format);
}

/// POST /api/messages/{id}/regenerate/
void regenerate(const api_context& api, exchange& ex, message_id id) {
  auto body = read_body(ex.request(), true);
  if (!body)
    return ex.refuse(body.error());
  request_check check;
  field_reader fields{check, *body};
  regenerate_answer wanted{id, read_cancels(fields)};
  if (!check.ok())
    return ex.refuse(check.problem());
  ask_for_run(api, ex, wanted, wire::choose_encoder(ex.request().header("accept")));
}

/// Where to begin: `Last-Event-ID` before `from=`, since an EventSource that reconnects repeats its first address.
wire::cursor read_from(request_check& check, const http_request& request) {
  if (auto text = request.header("last-event-id"); !text.empty()) {
    if (auto cursor = wire::parse_cursor(text))
      return *cursor;
    check.wrong("Last-Event-ID", "must be the id of an event.");
  }
  auto text = query_value(request.query, "from");
  if (!text || text->empty())
    return {};
  if (auto offset = parse_digits(*text))
    return {{}, *offset};
  if (auto cursor = wire::parse_cursor(*text))
    return *cursor;
  check.wrong("from", "must be an offset: a whole number, 0 for the beginning.");
  return {};
}

/// GET /api/messages/{id}/stream/
void attach(const api_context& api, exchange& ex, message_id id) {
  request_check check;
  attach_to_run wanted{id, read_from(check, ex.request())};
  if (!check.ok())
    return ex.refuse(check.problem());
  auto& format = wire::choose_encoder(ex.request().header("accept"));
  if (!format.resumes())
    wanted.from = {};
  ask_for_run(api, ex, wanted, format);
}

/// POST /api/messages/{id}/stop/
void stop(const api_context& api, exchange& ex, message_id id) {
  ask_sessions(api, ex, stop_message{id}, [&ex](const stopped_answers& stopped) {
    json_object body;
    body["messages"] = json_object::array();
    for (auto& state : stopped.states)
      body["messages"].push_back(to_json(state));
    ex.answer(json_response(200, body));
  });
}

/// GET /api/messages/{id}/
void show(const api_context& api, exchange& ex, message_id id) {
  ask_sessions(api, ex, show_message{id}, [&ex](const message& found) { ex.answer(json_response(200, to_json(found))); });
}

} // namespace

void stream_run(exchange& ex, const run_opened& run, const wire::stream_encoder& format) {
  if (format.shows_one_answer() && run.answers.size() > 1)
    return ex.refuse({ec::invalid_request, std::string{format.refusal_of_several()}, "Accept"});
  ex.stream(run, format);
}

void add_message_routes(router& to, const api_context_ptr& api) {
  auto with_id = [api](void (*target)(const api_context&, exchange&, message_id)) {
    return [api, target](exchange& ex, const path_parameters& path) {
      // What is no id can't be the id of anything.
      if (auto id = parse_id<message_id>(path[0]))
        target(*api, ex, *id);
      else
        ex.refuse({ec::not_found, "There is no message of this id.", {}});
    };
  };
  to.add("POST", "/api/messages/stream/", [api](exchange& ex, const path_parameters&) { stream(*api, ex); });
  to.add("POST", "/api/messages/stream-simple/", [api](exchange& ex, const path_parameters&) { stream_simple(*api, ex); });
  to.add("GET", "/api/messages/{id}/stream/", with_id(attach));
  to.add("POST", "/api/messages/{id}/regenerate/", with_id(regenerate));
  to.add("POST", "/api/messages/{id}/stop/", with_id(stop));
  to.add("GET", "/api/messages/{id}/", with_id(show));
}

} // namespace parley::net
