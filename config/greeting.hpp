#pragma once
// What whoever has just started the server wants to know.

#include "core/model.hpp"

#include <string>
#include <string_view>

namespace parley::config {

/// The ids of the models that are available, or of those that are not, with a space between two.
std::string model_ids(const catalogue& models, bool available);

/// What to open, and what to try in a shell with the first models there are. `origin` is `http://127.0.0.1:8080`.
/// Empty if no model is available.
std::string greeting(std::string_view origin, const catalogue& models);

} // namespace parley::config
