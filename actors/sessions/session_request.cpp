#include "actors/sessions/session_request.hpp"

#include "core/draw.hpp"

#include <algorithm>

namespace parley {

namespace {

expected<std::vector<model_label>> chosen_models(const std::vector<std::string>& ids, const catalogue& models) {
  std::vector<model_label> chosen;
  for (auto& id : ids) {
    auto found = models.find_askable(id);
    if (!found)
      return fail(ec::invalid_request,
                  found.error() == not_askable::unknown ? "There is no model of this id; GET /api/models/ lists them."
                                                        : "This model is not available: its provider's key is not set.",
                  "models[" + std::to_string(chosen.size()) + "]");
    chosen.push_back({(*found)->id, (*found)->display_name});
  }
  return chosen;
}

/// Two that are available, either at the left. The demo's are no match for others: only where there aren't two of those.
expected<std::vector<model_label>> drawn_models(const catalogue& models, std::random_device& random) {
  auto available = models.askable();
  auto real =
    std::stable_partition(available.begin(), available.end(), [](auto& each) { return each->at->kind != provider_kind::demo; });
  if (real - available.begin() >= 2)
    available.erase(real, available.end());
  if (available.size() < 2)
    return fail(ec::invalid_request, "Random mode draws from two models at least, and fewer are available on this server.",
                "mode");
  auto [left, right] = draw_pair(available.size(), random);
  return std::vector<model_label>{{available[left]->id, available[left]->display_name},
                                  {available[right]->id, available[right]->display_name}};
}

} // namespace

expected<session> plan_session(const make_session& wanted, const catalogue& models, std::random_device& random, unix_ms wall) {
  bool is_random = wanted.mode == session_mode::random;
  auto labels = is_random ? drawn_models(models, random) : chosen_models(wanted.models, models);
  if (!labels)
    return tl::unexpected{labels.error()};
  session made;
  made.id = new_id<session_id>();
  made.mode = wanted.mode;
  made.models = std::move(*labels);
  made.blind = is_random;
  made.created_at = made.updated_at = wall;
  apply(wanted.given, made);
  return made;
}

void apply(const session_changes& changes, session& about) {
  if (changes.title) {
    about.title = *changes.title;
    about.title_is_set = true;
  }
  if (changes.system_prompt)
    about.system_prompt = *changes.system_prompt;
  if (changes.parameters)
    about.parameters = *changes.parameters;
}

} // namespace parley
