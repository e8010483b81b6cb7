#include "actors/runs/run_readers.hpp"

#include "core/check.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

namespace parley {

namespace {

/// One piece carries at most this much of a backlog, so that catching up doesn't hold the loop for long.
constexpr std::size_t max_piece_bytes = 64 * 1024;

/// A piece's memory is used again for the next one, unless it is larger than this.
constexpr std::size_t max_kept_bytes = 1024;

} // namespace

void run_readers::attach(const attach_reader& wanted, const run_log& log) {
  auto slot = wanted.format ? wire::slot_of(*wanted.format) : std::nullopt;
  check(slot.has_value(), "a reader's format is among the stream encoders");
  readers_.push_back({wanted.reader, wanted.directly, wanted.stream, wanted.format, *slot, std::min(wanted.from, log.newest())});
  readers_.back().merged = wanted.merged;
  if (wanted.from == 0) {
    auto begin = std::make_shared<std::string>();
    log.write_begin(*begin, *wanted.format);
    send(readers_.back(), std::move(begin), false);
  }
  serve(readers_.back(), log);
  drop_done();
}

void run_readers::credit(const caf::actor_addr& from, const reader_credit& given, const run_log& log) {
  if (auto* reader = find(from, given.stream)) {
    reader->unread -= std::min(reader->unread, given.bytes);
    serve(*reader, log);
    drop_done();
  }
}

void run_readers::detach(const caf::actor_addr& from, std::uint64_t stream) {
  if (auto* reader = find(from, stream))
    reader->done = true;
  drop_done();
}

void run_readers::remove(const caf::actor_addr& gone) {
  for (auto& reader : readers_)
    reader.done = reader.done || reader.to.address() == gone;
  drop_done();
}

void run_readers::publish(const run_log& log) {
  std::array<bool, wire::stream_encoder_count> encoded{};
  for (auto& reader : readers_) {
    if (reader.offset != published_ || reader.unread >= window_) {
      serve(reader, log);
      continue;
    }
    auto& piece = newest_[reader.slot];
    if (!std::exchange(encoded[reader.slot], true)) {
      make_empty(piece);
      log.write(*piece, *reader.format, published_, std::string::npos, false);
    }
    if (piece->size() > window_) { // a burst: in parts
      serve(reader, log);
      continue;
    }
    reader.offset = log.newest();
    send(reader, piece, false);
  }
  published_ = log.newest();
}

void run_readers::make_empty(std::shared_ptr<std::string>& piece) {
  // Readers on other loops let go of it there: what they did with it is over before it is written again.
  if (piece && piece.use_count() == 1 && piece->capacity() <= max_kept_bytes) {
    std::atomic_thread_fence(std::memory_order_acquire);
    piece->clear();
  } else {
    piece = std::make_shared<std::string>();
  }
}

void run_readers::finish(const run_log& log, bool failed) {
  newest_ = {};
  finished_ = true;
  failed_ = failed;
  for (auto& reader : readers_)
    serve(reader, log);
  published_ = log.newest();
  drop_done();
}

void run_readers::heartbeat(const run_log& log, participant who) {
  for (auto& reader : readers_) {
    if (reader.offset != log.newest() || reader.unread >= window_)
      continue;
    auto bytes = std::make_shared<std::string>();
    reader.format->heartbeat(*bytes, who);
    send(reader, std::move(bytes), false);
  }
}

bool run_readers::has(const caf::actor_addr& who) const {
  return std::any_of(readers_.begin(), readers_.end(), [&](const entry& r) { return !r.done && r.to.address() == who; });
}

run_readers::entry* run_readers::find(const caf::actor_addr& who, std::uint64_t stream) {
  auto at =
    std::find_if(readers_.begin(), readers_.end(), [&](const entry& r) { return r.stream == stream && r.to.address() == who; });
  return at == readers_.end() ? nullptr : &*at;
}

void run_readers::serve(entry& to, const run_log& log) {
  while (!to.done && to.unread < window_) {
    auto bytes = std::make_shared<std::string>();
    bool more = false;
    if (to.offset < log.newest()) {
      auto room = std::min(max_piece_bytes, window_ - to.unread);
      auto position = log.write(*bytes, *to.format, to.offset, room, to.merged);
      to.offset = position.offset;
      more = position.more;
    }
    bool ends = finished_ && !more;
    if (ends)
      to.format->end(*bytes, failed_);
    else if (bytes->empty() && !more)
      return;
    to.done = ends;
    send(to, std::move(bytes), ends);
  }
  to.merged = to.merged || to.offset < log.newest();
}

void run_readers::send(entry& to, std::shared_ptr<const std::string> bytes, bool ends) {
  if (bytes->empty() && !ends) // events that the format doesn't show
    return;
  check(to.unread < window_, "a reader without credit is sent nothing");
  to.unread += bytes->size();
  send_(to.to, to.directly, {to.stream, std::move(bytes), ends, to.offset});
}

void run_readers::drop_done() {
  std::erase_if(readers_, [](const entry& r) { return r.done; });
}

} // namespace parley
