#pragma once
// An upstream's answer as it was recorded (`recordings/`), cut so that it can be played at any length: what comes before the
// first delta, the deltas one by one, and what comes after the last.

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace parley::bench {

struct recorded_delta {
  /// An event of the stream, whole.
  std::string event;
  /// What the model said in it.
  std::string text;
};

struct recording {
  std::string head;
  std::vector<recorded_delta> deltas;
  std::string tail;
};

/// The delta's text in OpenAI's and in Anthropic's format; empty for any other event.
inline std::string delta_text(std::string_view event) {
  auto data = event.find("data: ");
  if (data == std::string_view::npos)
    return {};
  auto found = nlohmann::json::parse(event.substr(data + 6), nullptr, false);
  for (auto* place : {"/choices/0/delta/content", "/delta/text"})
    if (nlohmann::json::json_pointer at{place}; found.is_object() && found.contains(at) && found[at].is_string())
      return found[at].get<std::string>();
  return {};
}

inline recording read_recording(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string all{std::istreambuf_iterator<char>{file}, {}};
  recording result;
  for (std::size_t at = 0; at < all.size();) {
    auto end = std::min(all.find("\n\n", at), all.size() - 2) + 2;
    auto event = all.substr(at, end - at);
    at = end;
    if (auto text = delta_text(event); !text.empty())
      result.deltas.push_back({std::move(event), std::move(text)});
    else
      (result.deltas.empty() ? result.head : result.tail) += event;
  }
  if (result.deltas.empty())
    throw std::runtime_error{"no recording: " + path};
  return result;
}

} // namespace parley::bench
