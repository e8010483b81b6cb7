#pragma once
// The readers of one run's log: each has an offset, a format and a credit in bytes. Who keeps up gets each event as it
// comes, encoded once per format; who falls behind is served from the log, merged, as its credit allows.

#include "actors/runs/api.hpp"
#include "actors/runs/run_log.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <array>

namespace parley {

class run_readers {
public:
  using send_piece = std::function<void(const reader_actor& to, piece_taker* directly, log_piece piece)>;

  run_readers(std::size_t window_bytes, send_piece send) : window_(window_bytes), send_(std::move(send)) {}

  /// What the log has after `from` is sent at once, as far as the window goes. Throws for a format that isn't among
  /// `wire::stream_encoders`.
  void attach(const attach_reader& wanted, const run_log& log);

  void credit(const caf::actor_addr& from, const reader_credit& given, const run_log& log);

  void detach(const caf::actor_addr& from, std::uint64_t stream);

  /// The reader's actor has ended.
  void remove(const caf::actor_addr& gone);

  /// Sends what was appended since the last call.
  void publish(const run_log& log);

  /// The log is complete: readers that have read it whole are told so and leave.
  void finish(const run_log& log, bool failed);

  /// To readers that have read all there is.
  void heartbeat(const run_log& log, participant who);

  bool empty() const { return readers_.empty(); }

  /// That actor reads a stream that hasn't ended.
  bool has(const caf::actor_addr& who) const;

private:
  struct entry {
    reader_actor to;
    piece_taker* directly = nullptr;
    std::uint64_t stream = 0;
    const wire::stream_encoder* format = nullptr;
    /// The format's among `newest_`.
    std::size_t slot = 0;
    /// The last event sent to it.
    std::uint64_t offset = 0;
    /// Bytes sent that it hasn't said it wrote out.
    std::size_t unread = 0;
    /// It asked for that, or missed its turn once: its backlog comes merged.
    bool merged = false;
    /// It was told the end.
    bool done = false;
  };

  entry* find(const caf::actor_addr& who, std::uint64_t stream);
  void serve(entry& to, const run_log& log);
  void send(entry& to, std::shared_ptr<const std::string> bytes, bool ends);
  void drop_done();

  /// A new piece, or the old one if nobody has it any more.
  static void make_empty(std::shared_ptr<std::string>& piece);

  std::size_t window_;
  send_piece send_;
  std::vector<entry> readers_;
  /// The last piece that `publish` made in each format.
  std::array<std::shared_ptr<std::string>, wire::stream_encoder_count> newest_;
  /// Up to where the log was published.
  std::uint64_t published_ = 0;
  /// The log is complete, and whether the run failed.
  bool finished_ = false;
  bool failed_ = false;
};

} // namespace parley
