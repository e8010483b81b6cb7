#include "actors/finished_runs.hpp"

namespace parley {

void finished_runs::add(run_id run, run_actor log, std::uint64_t end) {
  newest_end_ = wire::cursor{run, end};
  logs_[run] = {std::move(log), false};
}

void finished_runs::add_told_again(run_id run, run_actor log) {
  logs_[run] = {std::move(log), true};
}

std::optional<log_place> finished_runs::find(run_id run, std::uint64_t from) const {
  auto at = logs_.find(run);
  if (at == logs_.end())
    return std::nullopt;
  return log_place{at->second.log, at->second.told_again ? 0 : from};
}

std::optional<run_actor> finished_runs::rest_after(const wire::cursor& from) const {
  if (!newest_end_ || from.run != newest_end_->run || from.offset > newest_end_->offset)
    return std::nullopt;
  if (from.offset == newest_end_->offset)
    return run_actor{};
  auto at = logs_.find(newest_end_->run);
  if (at == logs_.end() || at->second.told_again)
    return std::nullopt;
  return at->second.log;
}

run_actor finished_runs::forget(run_id run) {
  auto node = logs_.extract(run);
  return node ? std::move(node.mapped().log) : run_actor{};
}

void finished_runs::remove(const caf::actor_addr& gone) {
  std::erase_if(logs_, [&](auto& each) { return each.second.log.address() == gone; });
}

} // namespace parley
