#include "actors/watching/log_readers.hpp"

#include "core/check.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <utility>

namespace parley {

void log_readers::begin(const log_actor& log, std::uint64_t stream, std::uint64_t from) {
  if (++streams_[log.address()] == 1)
    feed_->monitor(log);
  feed_->send(
    log,
    attach_reader{.reader = reader_actor{feed_}, .stream = stream, .format = &wire::ws_stream(), .from = from, .merged = true});
}

void log_readers::ended(const log_actor& log) {
  auto found = streams_.find(log.address());
  if (found == streams_.end()) // it died
    return;
  check(found->second > 0, "a log is let go of as often as it was taken");
  if (--found->second > 0)
    return;
  feed_->demonitor(log.address());
  streams_.erase(found);
}

void log_readers::attach(watcher& who) {
  check(who.log && who.at, "who reads a log for itself has a place in it");
  who.attached = true;
  who.owed = 0;
  begin(who.log, who.to->number(), who.at->offset);
}

void log_readers::detach(watcher& who) {
  if (who.attached) {
    feed_->send(who.log, detach_reader{who.to->number()});
    ended(who.log);
  }
  who.attached = false;
  who.log = nullptr;
}

bool log_readers::take(watcher& who, const log_piece& piece, const caf::actor_addr& from) {
  if (!who.attached || who.log.address() != from)
    return false; // it has gone on to something else
  check(who.at && piece.last >= who.at->offset, "a log's pieces come in its order");
  if (!piece.bytes->empty())
    who.to->deliver(piece.bytes);
  who.at->offset = piece.last;
  who.owed += piece.bytes->size();
  if (piece.ends) {
    ended(who.log);
    who.attached = false;
    who.log = nullptr;
  }
  return true;
}

void log_readers::give_credit(watcher& who) {
  if (who.attached && who.owed > 0)
    feed_->send(who.log, reader_credit{who.to->number(), std::exchange(who.owed, 0)});
}

void log_readers::start_next(watcher& who) {
  if (who.next.empty() || who.to->unread() > 0)
    return;
  auto run = std::move(who.next.front());
  who.next.erase(who.next.begin());
  who.to->deliver(run.created);
  who.at = wire::cursor{run.run, 0};
  who.log = run.log;
  attach(who);
}

} // namespace parley
