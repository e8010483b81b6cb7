#pragma once
// What of a running answer's text is checkpointed, and what the next checkpoint takes: one is on its way at a time, and begins
// where the one before ended.

#include "core/store_request.hpp"
#include "core/time.hpp"

#include <string_view>

namespace parley {

class answer_checkpoints {
public:
  static constexpr auto never = steady::time_point::max();

  /// When the next one is to be made; `never` while nothing asks for one.
  steady::time_point due = never;

  /// Bytes of an answer that has come this far and no checkpoint took yet.
  std::size_t unsaved(std::string_view text, std::string_view reasoning) const;

  bool under_way() const { return under_way_; }

  /// Fills in what the next one has: its text, its position, and whether it begins again. It is under way then.
  void take(append_checkpoint& next, std::string_view text, std::string_view reasoning);

  /// The one under way was stored.
  void stored();

  /// It was not: the next one carries it again.
  void not_stored();

  /// The answer began anew (`answer_restart`): what is saved of it is void.
  void begin_again();

private:
  struct extent {
    std::size_t text = 0;
    std::size_t reasoning = 0;
  };

  extent saved_;
  /// Up to where the one under way goes.
  extent taken_;
  bool under_way_ = false;
  bool begins_again_ = false;
  /// The one under way voids what came before it.
  bool takes_beginning_ = false;
};

} // namespace parley
