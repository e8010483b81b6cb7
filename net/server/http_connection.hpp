#pragma once
// The actor of one client's connection: reads requests, has them served, writes the answers in the requests' order, and
// is the reader of at most one run. Runs on its loop: messages, socket and timer are one thread.
//
// Between two requests it holds no buffer.

#include "net/loop/loop.hpp"
#include "net/server/exchange.hpp"
#include "net/server/http_service.hpp"
#include "net/stream/byte_stream.hpp"

#include <memory>
#include <optional>
#include <string>

namespace parley::net {

class alignas(64) http_connection final : public connection_actor,
                                          public served_connection,
                                          private byte_stream_handler,
                                          private piece_taker {
public:
  /// `refused` connections are over the limit: they are told so, whatever they ask.
  http_connection(caf::actor_config& config, loop& home, std::shared_ptr<http_service> service, int socket, bool refused);
  ~http_connection() override;

  const char* name() const override { return "http_connection"; }

  /// Ends it, if it is between two requests.
  void drain() override;

  void close() override;

protected:
  reader_actor::behavior_type make_behavior() override;
  log_ids ids() const override;
  void ended() override;
  /// Writes what gathered, takes up the next request, sets the timer.
  void after_batch() override;

private:
  class one_exchange;

  /// ```
  ///  opening ──▶ reading ◀──▶ answering ◀──▶ streaming
  ///                 │             ├──────────────│────▶ upgraded
  ///                 └─────────────┴──────────────┴────▶ lingering
  /// ```
  enum class phase : std::uint8_t {
    /// TLS is being agreed.
    opening,
    /// Waits for a request, or for the rest of one.
    reading,
    /// The handler, or what it asked, is at work.
    answering,
    /// A run's log is being read.
    streaming,
    /// Another protocol has the socket, and this actor ends.
    upgraded,
    /// All is said; reads on, so that the client isn't cut off before it has read it (RFC 9112, section 9.6).
    lingering,
  };

  // byte_stream_handler
  void opened() override;
  void received(std::string_view bytes) override;
  void peer_closed() override;
  void drained() override;
  void broken(std::string_view why) override;

  // piece_taker
  void take(const log_piece& piece) override;

  // the exchange's ways to answer
  void answer(const http_response& response);
  void refuse(const failure& why);
  void stream(const run_opened& run, const wire::stream_encoder& format);
  void upgrade(const std::function<void(taken_connection)>& taker);

  /// To be used instead of `quit`.
  void end();
  void enter(phase next);

  void take_requests();
  void begin_exchange(http_request request);
  void serve(http_request request);
  /// A request that did not come whole. It is the connection's last.
  void refuse_unread(const failure& why);
  /// The beginning of a response; the caller goes on with fields, and ends them.
  void append_head(int status, std::string_view content_type);
  void response_complete();
  void take_piece(const log_piece& piece);
  /// Writes `out_`, and gives the run credit for what went out.
  void flush();

  void pause_or_resume();
  void set_timer();
  void on_timer();
  void log_answer(std::string_view note = {}) const;

  // What each piece of a run touches, from the base classes' end on: two cache lines (docs/performance.md).
  byte_stream_ptr stream_;
  std::shared_ptr<http_service> service_;
  phase phase_ = phase::opening;
  bool ending_ = false;
  /// This response is the connection's last.
  bool last_ = false;
  /// The client has sent all it ever will.
  bool half_closed_ = false;
  bool reading_paused_ = false;
  /// Something has come that may be reason to pause.
  bool look_ahead_ = false;
  wire::request_parser::stage stage_ = wire::request_parser::stage::nothing;
  /// The body comes in chunks.
  bool chunked_ = false;
  /// What is to be written at the end of this batch.
  std::string out_;
  /// Tells pieces of this stream from late ones of an earlier.
  std::uint64_t stream_number_ = 0;
  /// Bytes of pieces that the socket hasn't taken, and those it has that credit is owed for.
  std::size_t unwritten_ = 0;
  std::size_t owed_ = 0;
  /// When the client must have taken something of what is unsent, more than `sent_`.
  steady::time_point write_deadline_ = steady::time_point::max();

  std::uint64_t sent_ = 0;
  /// When `phase_` and `stage_` have lasted too long. Never while a run is read.
  steady::time_point deadline_ = steady::time_point::max();
  log_actor log_;
  loop& loop_;
  std::unique_ptr<connection_place> place_;
  /// Keeps the actor while its socket is open: nobody else need know it.
  caf::strong_actor_ptr alive_;
  std::unique_ptr<loop_timer> timer_;
  wire::request_parser parser_;
  std::unique_ptr<exchange> exchange_;
  /// The run that is read, or was last.
  session_id session_;
  run_id run_;
  steady::time_point asked_at_;
  int status_ = 0;
  /// The socket until `stream_` has it.
  int socket_;
  bool refused_;
  /// All that is to be said has been handed to the stream, and our direction is ended.
  bool finished_ = false;
  std::size_t lingered_bytes_ = 0;
};

} // namespace parley::net
