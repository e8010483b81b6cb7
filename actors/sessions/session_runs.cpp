#include "actors/sessions/session_runs.hpp"

namespace parley {

void session_runs::finish(std::uint64_t end) {
  auto over = drop();
  newest_end_ = wire::cursor{over.ids.run, end};
  finished_[over.ids.run] = {over.log, false};
}

current_run session_runs::drop() {
  auto over = std::move(*current_);
  current_.reset();
  return over;
}

void session_runs::add_replay(run_id run, log_actor log) {
  finished_[run] = {std::move(log), true};
}

std::optional<log_place> session_runs::find(run_id run, std::uint64_t from) const {
  if (is_current(run))
    return log_place{current_->log, from};
  auto at = finished_.find(run);
  if (at == finished_.end())
    return std::nullopt;
  return log_place{at->second.log, at->second.is_replay ? 0 : from};
}

std::optional<log_actor> session_runs::rest_after(const wire::cursor& from) const {
  if (auto* now = shown()) {
    if (from.run != now->ids.run)
      return std::nullopt;
    return now->log; // an offset that isn't there yet is read from the log's end
  }
  if (!newest_end_ || from.run != newest_end_->run || from.offset > newest_end_->offset)
    return std::nullopt;
  if (from.offset == newest_end_->offset)
    return log_actor{};
  auto at = finished_.find(from.run);
  if (at == finished_.end() || at->second.is_replay)
    return std::nullopt;
  return at->second.log;
}

void session_runs::remove(const caf::actor_addr& gone) {
  std::erase_if(finished_, [&](auto& each) { return each.second.log.address() == gone; });
}

} // namespace parley
