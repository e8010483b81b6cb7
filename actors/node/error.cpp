#include "actors/node/error.hpp"

#include <caf/atom.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace parley {

namespace {

/// The category of `ec` among CAF's errors.
const caf::atom_value category = caf::atom("parley");

} // namespace

caf::error to_error(const failure& why) {
  // CAF takes the code 0 for "no error", and an `ec` may be 0.
  return {static_cast<std::uint8_t>(static_cast<int>(why.code) + 1), category, caf::make_message(why.message, why.param)};
}

failure to_failure(const caf::error& why) {
  if (why.category() == category) {
    failure result{static_cast<ec>(why.code() - 1), {}, {}};
    auto& context = why.context();
    if (context.match_elements<std::string, std::string>()) {
      result.message = context.get_as<std::string>(0);
      result.param = context.get_as<std::string>(1);
    }
    return result;
  }
  if (why == caf::sec::request_timeout || why == caf::sec::request_receiver_down)
    return {ec::unavailable, "The server could not answer in time; please try again.", {}};
  return {ec::internal, "The server met an unexpected condition.", {}};
}

} // namespace parley
