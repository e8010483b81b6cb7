#pragma once
// A reader of a run's log for tests: keeps what it gets, and gives credit back only when the test says so.

#include "actors/api.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <string>

namespace parley::test {

struct received_log {
  std::string text;
  int pieces = 0;
  bool ended = false;
};

using received_ptr = std::shared_ptr<received_log>;

inline reader_actor spawn_reader(caf::actor_system& sys, received_ptr into) {
  auto init = [](reader_actor::pointer, received_ptr log) -> reader_actor::behavior_type {
    return {[log](const log_piece& piece) {
      log->text += *piece.bytes;
      ++log->pieces;
      log->ended = log->ended || piece.ends;
    }};
  };
  return sys.spawn(init, std::move(into));
}

} // namespace parley::test
