#include "config/greeting.hpp"

#include <fmt/format.h>

namespace parley::config {

std::string model_ids(const catalogue& models, bool available) {
  std::string ids;
  for (auto& each : models.all())
    if (each->available == available)
      ids += (ids.empty() ? "" : " ") + each->id;
  return ids;
}

std::string greeting(std::string_view origin, const catalogue& models) {
  std::string seats;
  auto count = 0;
  for (auto& each : models.all())
    if (each->available && count < 2)
      seats += (count++ > 0 ? ",\"" : "\"") + each->id + "\"";
  if (count == 0)
    return {};
  return fmt::format(R"try(
Parley is at {0}: open it in a browser, or try in another terminal:

  session=$(curl -s {0}/api/sessions/ -H 'Content-Type: application/json' \
      -d '{{"mode":"{1}","models":[{2}]}}' | cut -d '"' -f 4)
  curl -N {0}/api/messages/stream/ -H 'Content-Type: application/json' \
      -d '{{"session_id":"'$session'","messages":[{{"role":"user","content":"Hello"}}]}}'

)try",
                     origin, count > 1 ? "compare" : "direct", seats);
}

} // namespace parley::config
