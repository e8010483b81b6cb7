#pragma once
// The parts of sessions and messages that stores keep as JSON. Read back as they were written; what isn't JSON of that
// shape reads as far as it goes.

#include "core/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace parley::persistence {

std::string tool_calls_to_json(const std::vector<tool_call>& calls);
std::vector<tool_call> tool_calls_from_json(std::string_view json);

std::string stretches_to_json(const std::vector<answer_stretch>& stretches);
std::vector<answer_stretch> stretches_from_json(std::string_view json);

std::string models_to_json(const std::vector<model_label>& models);
std::vector<model_label> models_from_json(std::string_view json);

std::string parameters_to_json(const sampling_parameters& parameters);
sampling_parameters parameters_from_json(std::string_view json);

} // namespace parley::persistence
