#include "tests/wire/streams/format_parsers.hpp"

#include "wire/streams/ws_frames.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace parley::test {

namespace {

using nlohmann::json;

void require(bool holds, std::string_view what, std::string_view where = {}) {
  if (!holds)
    throw std::runtime_error{std::string{what} + ": " + std::string{where}};
}

told_call& call_of(told_answer& answer, const json& id) {
  auto found = std::find_if(answer.calls.begin(), answer.calls.end(), [&](auto& call) { return call.id == id; });
  require(found != answer.calls.end(), "a call must begin before it grows", id.dump());
  return *found;
}

/// A finish, or what comes after it.
void take_finish(told_answer& answer, bool failed) {
  ++answer.finishes;
  answer.failed = failed;
}

bool is_failure(const json& reason) {
  static const std::set<std::string> failures{"cancelled", "interrupted", "error"};
  return failures.contains(reason.get<std::string>());
}

/// An event of lines, SSE and WebSocket, which share their fields.
void take_event(told_answer& answer, std::string_view type, const json& fields) {
  require(answer.finishes == 0, "nothing follows a finish", type);
  if (type == "text")
    answer.text += fields.at("content").get<std::string>();
  else if (type == "reasoning")
    answer.reasoning += fields.at("content").get<std::string>();
  else if (type == "tool_call_begin")
    answer.calls.push_back({fields.at("toolCallId"), fields.at("toolName"), {}, 0});
  else if (type == "tool_call_delta")
    call_of(answer, fields.at("toolCallId")).arguments += fields.at("argsTextDelta").get<std::string>();
  else if (type == "tool_call")
    ++call_of(answer, fields.at("toolCallId")).times_whole;
  else if (type == "restart")
    answer = {};
  else if (type == "finish")
    take_finish(answer, is_failure(fields.at("finishReason")));
  else
    require(false, "an unknown event", type);
}

told_run parse_lines(std::string_view bytes) {
  static const std::map<char, std::string_view> types{
    {'0', "text"},      {'g', "reasoning"}, {'b', "tool_call_begin"}, {'c', "tool_call_delta"},
    {'9', "tool_call"}, {'2', "data"},      {'d', "finish"}};
  told_run told;
  while (!bytes.empty()) {
    auto line = bytes.substr(0, bytes.find('\n'));
    require(line.size() < bytes.size() && line.size() > 3 && line[2] == ':', "a line is whole", line);
    bytes.remove_prefix(line.size() + 1);
    auto who = static_cast<participant>(line[0] - 'a');
    auto fields = json::parse(line.substr(3));
    auto type = types.at(line[1]);
    if (type != "data")
      take_event(told.answers[who], type, fields);
    else if (auto what = fields.at(0).at("type"); what == "heartbeat")
      ++told.heartbeats;
    else
      take_event(told.answers[who], what.get<std::string>(), {});
  }
  return told;
}

/// Calls `take(fields)` for each event, by the names of its lines.
template <class Take>
void for_each_event(std::string_view bytes, Take take) {
  while (!bytes.empty()) {
    auto event = bytes.substr(0, bytes.find("\n\n"));
    require(event.size() < bytes.size(), "an event is whole", event);
    bytes.remove_prefix(event.size() + 2);
    std::map<std::string, std::string> fields;
    while (!event.empty()) {
      auto line = event.substr(0, event.find('\n'));
      event.remove_prefix(std::min(event.size(), line.size() + 1));
      auto colon = line.find(": ");
      require(colon != std::string_view::npos && line.find('\r') == std::string_view::npos, "a line is a field", line);
      require(fields.emplace(line.substr(0, colon), line.substr(colon + 2)).second, "a field comes once", line);
    }
    take(fields);
  }
}

/// Calls `take(data, fields)`, and counts comments.
template <class Take>
void for_each_data(told_run& told, std::string_view bytes, Take take) {
  for_each_event(bytes, [&](std::map<std::string, std::string>& fields) {
    if (fields.contains("")) {
      require(fields.size() == 1 && fields[""] == "keep-alive", "a comment is a heartbeat");
      ++told.heartbeats;
      return;
    }
    require(told.ends == 0, "nothing follows the end", fields["data"]);
    if (fields["data"] == "[DONE]")
      ++told.ends;
    else
      take(json::parse(fields["data"]), fields);
  });
}

participant who_in(const json& event) {
  return static_cast<participant>(event.at("participant").get<std::string>().at(0) - 'a');
}

told_run parse_sse(std::string_view bytes) {
  told_run told;
  for_each_data(told, bytes, [&](const json& event, auto& fields) {
    if (event.at("type") == "turn_done") {
      ++told.ends;
      return;
    }
    require(fields.contains("id"), "an event has its cursor", event.dump());
    take_event(told.answers[who_in(event)], event.at("type").get<std::string>(), event);
  });
  return told;
}

told_run parse_simple(std::string_view bytes) {
  told_run told;
  for_each_data(told, bytes, [&](const json& event, auto&) {
    auto& answer = told.answers[0];
    require(answer.finishes == 0, "nothing follows a finish", event.dump());
    if (event.contains("content"))
      answer.text += event["content"].get<std::string>();
    else
      take_finish(answer, event.at(event.contains("error") ? "error" : "done") != true);
  });
  return told;
}

told_run parse_ws(std::string_view bytes) {
  told_run told;
  for (std::size_t at = 0; at < bytes.size();) {
    auto frame = json::parse(wire::payload_of_text_frame(bytes, at));
    if (frame.at("type") == "message_update") {
      require(frame.at("action") == "completed", "the log updates what is completed", frame.dump());
      ++told.completed;
      continue;
    }
    require(frame.at("type") == "delta" && frame.contains("cursor"), "a frame is a delta", frame.dump());
    take_event(told.answers[who_in(frame)], frame.at("event").at("type").get<std::string>(), frame["event"]);
  }
  return told;
}

told_run parse_ui_message(std::string_view bytes) {
  told_run told;
  std::set<std::string> open;
  auto& answer = told.answers[0];
  for_each_data(told, bytes, [&](const json& chunk, auto&) {
    auto type = chunk.at("type").get<std::string>();
    auto id = chunk.value("id", std::string{});
    require(answer.finishes == 0, "nothing follows a finish", type);
    if (type == "start")
      ++told.begins;
    else if (type == "text-start" || type == "reasoning-start")
      require(open.insert(id).second, "a part begins once", type);
    else if (type == "text-end" || type == "reasoning-end")
      require(open.erase(id) == 1, "a part that ends has begun", type);
    else if (type == "text-delta" || type == "reasoning-delta")
      require(open.contains(id), "a part that grows has begun", type);
    else if (type == "tool-input-start")
      answer.calls.push_back({chunk.at("toolCallId"), chunk.at("toolName"), {}, 0});
    else if (type == "tool-input-delta")
      call_of(answer, chunk.at("toolCallId")).arguments += chunk.at("inputTextDelta").get<std::string>();
    else if (type == "tool-input-available" || type == "tool-input-error")
      ++call_of(answer, chunk.at("toolCallId")).times_whole;
    else if (type == "data-restart")
      answer = {};
    else if (type == "finish" || type == "abort" || type == "error")
      take_finish(answer, type != "finish");
    else
      require(type == "start-step" || type == "finish-step" || type == "message-metadata", "an unknown chunk", type);
    if (type == "text-delta")
      answer.text += chunk.at("delta").get<std::string>();
    else if (type == "reasoning-delta")
      answer.reasoning += chunk.at("delta").get<std::string>();
    require(answer.finishes == 0 || open.empty(), "all parts end before the finish", type);
  });
  return told;
}

told_run parse_openai(std::string_view bytes) {
  told_run told;
  std::set<participant> introduced;
  for_each_data(told, bytes, [&](const json& chunk, auto&) {
    if (chunk.contains("error")) {
      take_finish(told.answers[0], true);
      return;
    }
    require(chunk.at("object") == "chat.completion.chunk", "a chunk says so", chunk.dump());
    for (auto& choice : chunk.at("choices")) {
      auto who = choice.at("index").get<participant>();
      auto& answer = told.answers[who];
      require(answer.finishes == 0, "nothing follows a finish", chunk.dump());
      auto& delta = choice.at("delta");
      require(delta.contains("role") == introduced.insert(who).second, "the first delta alone has the role", chunk.dump());
      if (delta.contains("content") && delta["content"].is_string())
        answer.text += delta["content"].get<std::string>();
      answer.reasoning += delta.value("reasoning_content", "");
      for (auto& call : delta.value("tool_calls", json::array())) {
        auto index = call.at("index").get<std::size_t>();
        if (call.contains("id")) {
          require(index == answer.calls.size(), "calls begin in their order", chunk.dump());
          answer.calls.push_back({call["id"], call.at("function").at("name"), {}, 0});
        }
        answer.calls.at(index).arguments += call.at("function").at("arguments").get<std::string>();
      }
      if (auto& reason = choice.at("finish_reason"); !reason.is_null())
        take_finish(answer, reason == "error");
    }
  });
  return told;
}

/// As Anthropic's own clients do: blocks are appended as they start, grow by their index, and are whole when they stop.
told_run parse_anthropic(std::string_view bytes) {
  told_run told;
  auto& answer = told.answers[0];
  struct block {
    std::string type;
    std::size_t call = 0;
    bool stopped = false;
  };
  std::vector<block> blocks;
  for_each_event(bytes, [&](std::map<std::string, std::string>& fields) {
    auto event = json::parse(fields["data"]);
    auto type = event.at("type").get<std::string>();
    require(fields["event"] == type, "an event is named for its type", type);
    if (type == "ping") {
      ++told.heartbeats;
      return;
    }
    require(answer.finishes == 0, "nothing follows a finish", type);
    if (type == "message_start") {
      ++told.begins;
    } else if (type == "content_block_start") {
      require(event.at("index") == blocks.size(), "blocks start in their order", event.dump());
      auto& started = event.at("content_block");
      blocks.push_back({started.at("type").get<std::string>(), answer.calls.size(), false});
      if (blocks.back().type == "tool_use")
        answer.calls.push_back({started.at("id"), started.at("name"), {}, 0});
    } else if (type == "content_block_delta") {
      auto& grown = blocks.at(event.at("index").get<std::size_t>());
      auto& delta = event.at("delta");
      require(!grown.stopped, "a block that has stopped doesn't grow", event.dump());
      if (grown.type == "text")
        answer.text += delta.at("text").get<std::string>();
      else if (grown.type == "thinking")
        answer.reasoning += delta.at("thinking").get<std::string>();
      else
        answer.calls.at(grown.call).arguments += delta.at("partial_json").get<std::string>();
    } else if (type == "content_block_stop") {
      require(!std::exchange(blocks.at(event.at("index").get<std::size_t>()).stopped, true), "a block stops once", event.dump());
    } else if (type == "message_stop" || type == "error") {
      take_finish(answer, type == "error");
      require(std::all_of(blocks.begin(), blocks.end(), [](auto& each) { return each.stopped; }), "all blocks stop", type);
    } else {
      require(type == "message_delta", "an unknown event", type);
    }
  });
  return told;
}

constexpr auto parsers = std::to_array<format_parser>({
  {.name = "lines", .parse = parse_lines},
  {.name = "sse", .parse = parse_sse},
  {.name = "simple",
   .parse = parse_simple,
   .shows_reasoning = false,
   .shows_calls = false,
   .shows_whole_calls = false,
   .shows_restarts = false},
  {.name = "ws", .parse = parse_ws, .beats = false},
  {.name = "ui_message", .parse = parse_ui_message, .begins = true},
  {.name = "openai", .parse = parse_openai, .shows_whole_calls = false, .shows_restarts = false},
  {.name = "openai_usage", .parse = parse_openai, .shows_whole_calls = false, .shows_restarts = false},
  {.name = "anthropic", .parse = parse_anthropic, .begins = true, .shows_whole_calls = false, .shows_restarts = false},
});

static_assert(parsers.size() == wire::stream_encoder_count, "each stream format has its parser");

} // namespace

const format_parser& parser_of(const wire::stream_encoder& format) {
  auto& found = parsers.at(wire::slot_of(format).value());
  require(found.name == format.name(), "the parsers are in the table's order", format.name());
  return found;
}

} // namespace parley::test
