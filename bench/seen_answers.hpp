#pragma once
// What one subscriber has seen of a session's answers, and whether that is all there was: each text in order and without a
// gap, its cursors rising, its finish, and the stored message with the same text.

#include "bench/answer_text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {

/// The string that is the value of `name` in JSON text without escapes; empty if there is none.
inline std::string_view text_field(std::string_view json, std::string_view name) {
  for (auto at = json.find(name); at != std::string_view::npos; at = json.find(name, at + 1)) {
    auto value = at + name.size() + 3; // `":"`
    if (at > 0 && json[at - 1] == '"' && json.substr(at + name.size(), 3) == "\":\"")
      return json.substr(value, json.find('"', value) - value);
  }
  return {};
}

class seen_answers {
public:
  /// Takes a text frame; says what is wrong with it, or nothing. `each(sent at)` is called for every chunk in it.
  template <class F>
  const char* take(std::string_view json, F&& each) {
    if (json.starts_with(R"({"type":"delta")"))
      return take_delta(json, each);
    if (json.starts_with(R"({"type":"message_update")") && text_field(json, "action") == "completed"
        && text_field(json, "role") == "assistant")
      return take_completed(json);
    return json.starts_with(R"({"type":"error")") ? "the server sent an error" : nullptr;
  }

  /// How many were seen from their first character to their finish and the stored message.
  std::size_t whole() const { return whole_; }

private:
  struct answer {
    std::string id;
    answer_text text;
    bool finished = false;
    bool completed = false;
  };

  template <class F>
  const char* take_delta(std::string_view json, F&& each) {
    if (!cursor_rises(text_field(json, "cursor")))
      return "a cursor doesn't rise";
    auto& a = find(text_field(json, "message_id"));
    auto event = json.substr(std::min(json.find("\"event\":"), json.size()));
    auto type = text_field(event, "type");
    if (type == "finish") {
      if (!a.text.whole() || a.finished)
        return "a finish before the text's end, or a second one";
      a.finished = true;
      whole_ += a.completed;
      return nullptr;
    }
    return type == "text" ? a.text.take(text_field(event, "content"), each) : nullptr;
  }

  const char* take_completed(std::string_view json) {
    auto message = json.substr(std::min(json.find("\"message\":"), json.size()));
    auto& a = find(text_field(message, "id"));
    auto text = text_field(message, "content");
    if (!a.text.whole() || a.completed)
      return "a message is completed before its text's end, or twice";
    auto size = a.text.chunks() * chunk_chars;
    if (text.size() != size + last_chars || hash_more(hash_seed, text.substr(0, size)) != a.text.hash()
        || read_hex(text.data() + size + 1, stamp_digits) != a.text.hash())
      return "a completed message isn't what its deltas were";
    a.completed = true;
    whole_ += a.finished;
    return nullptr;
  }

  bool cursor_rises(std::string_view cursor) {
    auto colon = cursor.rfind(':');
    if (colon == std::string_view::npos)
      return false;
    auto offset = std::strtoul(cursor.data() + colon + 1, nullptr, 10); // ends at the quote
    auto run = cursor.substr(0, colon);
    auto rises = run != run_ || offset > offset_;
    if (run != run_)
      run_ = run;
    offset_ = offset;
    return rises;
  }

  /// The last ones first: that is where events belong.
  answer& find(std::string_view id) {
    for (auto a = answers_.rbegin(); a != answers_.rend(); ++a)
      if (a->id == id)
        return *a;
    answers_.push_back({std::string{id}, {}});
    return answers_.back();
  }

  std::vector<answer> answers_;
  std::string run_;
  std::uint64_t offset_ = 0;
  std::size_t whole_ = 0;
};

} // namespace parley::bench
