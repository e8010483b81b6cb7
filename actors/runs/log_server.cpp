#include "actors/runs/log_server.hpp"

#include "core/check.hpp"

#include <algorithm>

namespace parley {

log_server::log_server(run_id run, const limits& bounds, home_loop* home, log_host& host)
  : bounds_(bounds), home_(home), host_(host), log_(run),
    readers_(bounds.reader_window_bytes, [this](const reader_actor& to, piece_taker* directly, log_piece piece) {
      if (piece.ends)
        stopped_reading(to.address());
      if (directly)
        directly->take(piece);
      else
        host_.send(to, std::move(piece));
    }) {}

void log_server::introduce(participant who, message_id answer, int attempt, std::string model) {
  log_.introduce(who, answer, attempt, std::move(model));
  unfinished_.push_back(who);
}

void log_server::append(participant who, const answer_event& event) {
  check(!complete_, "nothing is appended to a log that is complete");
  if (std::holds_alternative<answer_finish>(event)) {
    auto unfinished = std::erase(unfinished_, who);
    check(unfinished == 1, "a participant finishes exactly once in a run");
  }
  log_.append(who, event);
}

void log_server::publish(steady::time_point now) {
  said_ = now;
  readers_.publish(log_);
}

void log_server::finish(bool failed) {
  check(!complete_ && unfinished_.empty(), "a log is complete once each participant has finished");
  complete_ = true;
  readers_.finish(log_, failed);
}

steady::time_point log_server::next_beat() const {
  return complete_ ? steady::time_point::max() : said_ + bounds_.heartbeat;
}

bool log_server::beat(steady::time_point now) {
  if (now < next_beat())
    return false;
  said_ = now;
  if (!unfinished_.empty())
    readers_.heartbeat(log_, unfinished_.front());
  return true;
}

expected<void> log_server::reaches(std::uint64_t from) const {
  if (from <= log_.newest())
    return {};
  return fail(ec::invalid_request,
              "This run has " + std::to_string(log_.newest()) + " events so far; there is nothing after " + std::to_string(from)
                + ".",
              "from");
}

void log_server::attach(attach_reader wanted) {
  if (wanted.home != home_)
    wanted.directly = nullptr;
  host_.watch(wanted.reader);
  readers_.attach(wanted, log_);
}

void log_server::detach(const caf::actor_addr& reader, const detach_reader& which) {
  readers_.detach(reader, which.stream);
  stopped_reading(reader);
}

bool log_server::reader_died(const caf::actor_addr& reader) {
  auto was_reading = readers_.has(reader);
  readers_.remove(reader);
  return was_reading;
}

void log_server::stopped_reading(const caf::actor_addr& reader) {
  // A kept connection reads many runs, and would remember each of them.
  if (!readers_.has(reader))
    host_.unwatch(reader);
}

} // namespace parley
