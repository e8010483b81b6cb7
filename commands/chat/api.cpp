#include "commands/chat/api.hpp"

#include <fmt/format.h>
#include <functional>
#include <nlohmann/json.hpp>

namespace parley::commands::chat {

using nlohmann::ordered_json;

namespace {

constexpr int page = 200;

/// A text, or an empty one where there is none.
std::string text_at(const ordered_json& object, const char* key) {
  auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

model_entry to_model(const ordered_json& from) {
  auto name = text_at(from, "display_name");
  auto id = text_at(from, "id");
  return {id, name.empty() ? id : name, text_at(from, "provider"), from.value("available", false)};
}

session_entry to_session(const ordered_json& from) {
  session_entry result{text_at(from, "id"), text_at(from, "title"), {}, text_at(from, "updated_at"), {}};
  for (auto& each : from.value("models", ordered_json::array())) {
    auto letter = text_at(each, "participant");
    seat next{letter.empty() ? 'a' : letter.front(), text_at(each, "id"), text_at(each, "display_name")};
    // Names may be hidden until there was a vote.
    if (next.name.empty())
      next.name = next.model.empty() ? fmt::format("Answer {}", next.letter) : next.model;
    result.seats.push_back(std::move(next));
  }
  if (auto running = from.find("running"); running != from.end() && running->is_object())
    result.running_turn = text_at(*running, "turn_id");
  return result;
}

message_entry to_message(const ordered_json& from) {
  message_entry result;
  result.id = text_at(from, "id");
  result.turn = text_at(from, "turn_id");
  result.role = text_at(from, "role");
  if (auto letter = text_at(from, "participant"); !letter.empty())
    result.letter = letter.front();
  result.attempt = from.value("attempt", 1);
  result.content = text_at(from, "content");
  result.reasoning = text_at(from, "reasoning");
  result.status = text_at(from, "status");
  result.finish_reason = text_at(from, "finish_reason");
  if (auto error = from.find("error"); error != from.end() && error->is_object())
    result.error = text_at(*error, "message");
  if (auto model = from.find("model"); model != from.end() && model->is_object())
    result.model = text_at(*model, "display_name");
  return result;
}

expected<ordered_json> parsed(const expected<http_answer>& answer) {
  if (!answer)
    return tl::unexpected{answer.error()};
  if (answer->status / 100 != 2)
    return tl::unexpected{refusal_of(answer->status, answer->body)};
  auto json = ordered_json::parse(answer->body, nullptr, false);
  if (!json.is_object())
    return fail(ec::upstream_malformed, "The answer isn't Parley's: is it another server?");
  return json;
}

/// Each entry of a list, over all of its pages or over `most` of them.
expected<void> each_of(const http_client& client, const std::string& path, int most,
                       const std::function<void(const ordered_json&)>& take) {
  std::string after;
  for (int pages = 0; pages < most; ++pages) {
    auto list = parsed(client.call(getting(fmt::format("{}?limit={}{}", path, page, after))));
    if (!list)
      return tl::unexpected{list.error()};
    for (auto& entry : list->value("data", ordered_json::array()))
      take(entry);
    auto next = text_at(*list, "next");
    if (next.empty())
      break;
    after = "&after=" + next;
  }
  return {};
}

template <class Entry, class Convert>
expected<std::vector<Entry>> list_of(const http_client& client, const std::string& path, int most, Convert convert) {
  std::vector<Entry> result;
  if (auto read = each_of(client, path, most, [&](auto& entry) { result.push_back(convert(entry)); }); !read)
    return tl::unexpected{read.error()};
  return result;
}

std::string messages_path(const std::string& session) {
  return "/api/sessions/" + session + "/messages/";
}

/// Ends a list that never ends.
constexpr int all_pages = 10'000;

} // namespace

expected<std::vector<model_entry>> api::models() const {
  return list_of<model_entry>(client_, "/api/models/", all_pages, to_model);
}

expected<session_entry> api::create_session(const std::vector<std::string>& models) const {
  ordered_json body;
  body["mode"] = models.size() > 1 ? "compare" : "direct";
  body["models"] = models;
  return parsed(client_.call(posting("/api/sessions/", body.dump()))).map(to_session);
}

expected<session_entry> api::session(const std::string& id) const {
  return parsed(client_.call(getting("/api/sessions/" + id + "/"))).map(to_session);
}

expected<std::vector<session_entry>> api::sessions() const {
  return list_of<session_entry>(client_, "/api/sessions/", 1, to_session);
}

expected<std::vector<message_entry>> api::transcript(const std::string& session) const {
  return list_of<message_entry>(client_, messages_path(session), all_pages, to_message);
}

expected<std::string> api::transcript_json(const std::string& session) const {
  auto all = ordered_json::array();
  if (auto read = each_of(client_, messages_path(session), all_pages, [&](auto& entry) { all.push_back(entry); }); !read)
    return tl::unexpected{read.error()};
  return all.dump(2);
}

expected<std::vector<std::string>> api::stop(const std::string& message) const {
  auto answer = parsed(client_.call(stopping(message)));
  if (!answer)
    return tl::unexpected{answer.error()};
  std::vector<std::string> result;
  for (auto& each : answer->value("messages", ordered_json::array()))
    result.push_back(text_at(each, "finish_reason"));
  return result;
}

std::string api::unreachable(const failure& why) const {
  return fmt::format("Nothing answers at {} ({}).\n"
                     "Start a server with `parley serve` (in the source tree: ./dev run), or name another one:\n"
                     "--server URL, or the environment variable PARLEY_SERVER.",
                     client_.server().url, why.message);
}

failure refusal_of(int status, const std::string& body) {
  auto json = nlohmann::json::parse(body, nullptr, false);
  auto code = status == 404   ? ec::not_found
              : status == 409 ? ec::turn_in_progress
              : status >= 500 ? ec::unavailable
                              : ec::invalid_request;
  if (json.is_object() && json.contains("error") && json["error"].is_object() && json["error"].contains("message")
      && json["error"]["message"].is_string())
    return {code, json["error"]["message"].get<std::string>(), {}};
  return {code, fmt::format("The server refused with status {}.", status), {}};
}

http_request stopping(const std::string& message) {
  return posting("/api/messages/" + message + "/stop/");
}

} // namespace parley::commands::chat
