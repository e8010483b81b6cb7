#pragma once
// A reader of a run's log for tests: keeps what it gets, and gives credit back only when the test says so.

#include "actors/runs/api.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <string>

namespace parley::test {

struct received_log {
  std::string text;
  int pieces = 0;
  /// How often it was told the end.
  int ends = 0;
  reader_actor reader;

  bool ended() const { return ends > 0; }

  /// How often `part` is in what came.
  int count(std::string_view part) const {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
      ++found;
    return found;
  }

  bool has(std::string_view part) const { return count(part) > 0; }
};

using received_ptr = std::shared_ptr<received_log>;

inline reader_actor spawn_reader(caf::actor_system& sys, received_ptr into) {
  auto init = [](reader_actor::pointer, received_ptr log) -> reader_actor::behavior_type {
    return {[log](const log_piece& piece) {
      log->text += *piece.bytes;
      ++log->pieces;
      log->ends += piece.ends;
    }};
  };
  return sys.spawn(init, std::move(into));
}

} // namespace parley::test
