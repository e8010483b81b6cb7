#pragma once
// The events of a run, and how each is written at its place.

#include "tests/wire/streams/written.hpp"
#include "wire/streams/answer_row.hpp"

#include <map>
#include <string>
#include <vector>

namespace parley::test {

struct played_event {
  participant who = 0;
  answer_event what;
};

using events = std::vector<played_event>;

inline played_event text(std::string content, participant who = 0) {
  return {who, answer_delta{event_kind::text, std::move(content)}};
}

inline played_event reasoning(std::string content, participant who = 0) {
  return {who, answer_delta{event_kind::reasoning, std::move(content)}};
}

inline played_event begins(std::uint32_t call, participant who = 0) {
  return {who, tool_call_begin{"c" + std::to_string(call), "look", call}};
}

inline played_event grows(std::uint32_t call, std::string arguments, participant who = 0) {
  return {who, tool_call_delta{"c" + std::to_string(call), std::move(arguments), call}};
}

inline played_event whole(std::uint32_t call, std::string arguments, participant who = 0) {
  return {who, tool_call{"c" + std::to_string(call), "look", std::move(arguments)}};
}

inline played_event ends(participant who = 0, finish_reason reason = finish_reason::stop) {
  answer_finish finish;
  finish.reason = reason;
  if (!is_success(reason))
    finish.error = answer_error{ec::upstream_truncated, "It \"broke\" off."};
  return {who, finish};
}

/// Knows all places, as a run's log does.
class played_run {
public:
  explicit played_run(events all) : events_(std::move(all)) {
    for (std::uint32_t entry = 0; entry < events_.size(); ++entry) {
      auto& [who, what] = events_[entry];
      if (auto* delta = std::get_if<answer_delta>(&what)) {
        auto& size = sizes_[{who, delta->kind}];
        auto bytes = static_cast<std::uint32_t>(delta->content.size());
        rows_[who].add_delta(delta->kind, entry, size, bytes);
        positions_.push_back(size += bytes);
      } else {
        positions_.push_back(rows_[who].add(what, entry));
      }
    }
  }

  std::size_t size() const { return events_.size(); }
  const played_event& event(std::size_t i) const { return events_[i]; }
  const wire::answer_row& row(participant who) const { return rows_.at(who); }

  wire::event_place place(std::size_t i) const {
    static const auto run = *parse_id<run_id>("01906b6b-8800-7d5a-9f3e-000000000001");
    static const auto answer = *parse_id<message_id>("0190b6f0-7c1e-7d5a-9f3e-00000000000a");
    wire::event_place at{run, i + 1, events_[i].who, answer, 1};
    if (i > 0)
      at.before = wire::kind_of(events_[i - 1].what);
    at.model = "m1";
    rows_.at(at.who).locate(at, static_cast<std::uint32_t>(i), positions_[i]);
    return at;
  }

  std::string written_event(const wire::stream_encoder& format, std::size_t i) const {
    return test::written(format, place(i), events_[i].what);
  }

  /// All of it: beginning, events, end.
  std::string written(const wire::stream_encoder& format, bool failed = false) const {
    std::string out;
    format.begin(out, {{}, 0, 0, {}, 1});
    for (std::size_t i = 0; i < size(); ++i)
      write(out, format, place(i), events_[i].what);
    format.end(out, failed);
    return out;
  }

private:
  events events_;
  std::map<participant, wire::answer_row> rows_;
  std::map<std::pair<participant, event_kind>, std::uint32_t> sizes_;
  std::vector<std::uint32_t> positions_;
};

} // namespace parley::test
