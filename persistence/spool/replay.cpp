#include "persistence/spool/replay.hpp"

#include "core/check.hpp"

#include <spdlog/spdlog.h>

namespace parley::persistence {

expected<void> replay_all(spool& from, store& into, const std::function<void(message&&)>& stored) {
  while (true) {
    auto waiting = from.oldest();
    if (!waiting)
      return tl::unexpected{waiting.error()};
    if (waiting->empty())
      return {};
    std::vector<store_answer> answers;
    for (auto& each : *waiting)
      answers.push_back(each.what);
    auto results = into.recover(answers);
    check(results.size() == answers.size(), "a store answers each request of a batch");
    std::vector<std::int64_t> done;
    for (std::size_t i = 0; i < results.size(); ++i) {
      auto& [number, what] = (*waiting)[i];
      auto& result = results[i];
      if (!result && result.error().code == ec::store_unavailable)
        return tl::unexpected{result.error()};
      if (!result) {
        spdlog::error("answer {} of session {} stays in the spool: {}", to_string(what.answer.id), to_string(what.session_key),
                      result.error().message);
        if (auto aside = from.set_aside(number, result.error().message); !aside)
          return aside;
        continue;
      }
      if (!*result)
        spdlog::warn("answer {} left the spool for nowhere: session {} was deleted meanwhile", to_string(what.answer.id),
                     to_string(what.session_key));
      done.push_back(number);
    }
    if (auto removed = from.remove(done); !removed)
      return removed;
    for (auto& result : results)
      if (result && *result)
        stored(std::move(**result));
  }
}

} // namespace parley::persistence
