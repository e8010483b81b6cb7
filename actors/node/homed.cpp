#include "actors/node/homed.hpp"

#include <caf/message.hpp>

namespace parley {

caf::error death_by_exception() {
  auto plain = caf::make_error(caf::exit_reason::unhandled_exception);
  return {plain.code(), plain.category(), caf::make_message(note_exception())};
}

std::string explain_death(const caf::error& why) {
  if (!why || why == caf::exit_reason::normal || why == caf::exit_reason::user_shutdown)
    return {};
  auto& context = why.context();
  if (!context.empty() && context.match_element<std::string>(0))
    return context.get_as<std::string>(0);
  if (why.category() == caf::make_error(caf::exit_reason::unknown).category())
    return caf::to_string(static_cast<caf::exit_reason>(why.code()));
  return caf::to_string(why);
}

} // namespace parley
