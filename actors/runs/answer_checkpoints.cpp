#include "actors/runs/answer_checkpoints.hpp"

#include <utility>

namespace parley {

std::size_t answer_checkpoints::unsaved(std::string_view text, std::string_view reasoning) const {
  return text.size() + reasoning.size() - saved_.text - saved_.reasoning;
}

void answer_checkpoints::take(append_checkpoint& next, std::string_view text, std::string_view reasoning) {
  next.content = text.substr(saved_.text);
  next.reasoning = reasoning.substr(saved_.reasoning);
  next.position = saved_.text + saved_.reasoning;
  next.begins_again = takes_beginning_ = std::exchange(begins_again_, false);
  taken_ = {text.size(), reasoning.size()};
  under_way_ = true;
}

void answer_checkpoints::stored() {
  under_way_ = false;
  if (!begins_again_) // else what was saved is void already
    saved_ = taken_;
}

void answer_checkpoints::not_stored() {
  under_way_ = false;
  begins_again_ = begins_again_ || takes_beginning_;
}

void answer_checkpoints::begin_again() {
  saved_ = {};
  begins_again_ = true;
}

} // namespace parley
