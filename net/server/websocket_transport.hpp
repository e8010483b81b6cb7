#pragma once
// A `byte_stream` as Beast's WebSocket wants to see it: an AsyncStream. Included by `ws_connection.cpp` alone.
//
// What Beast writes goes into the byte stream at once and whole, so that frames which are written beside it stand between
// its frames: its own are control frames, and pieces of compressed messages of at most its write buffer, all far below the
// 64 KiB from which Asio would split a write.

#include "net/loop/loop.hpp"
#include "net/stream/byte_stream.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace parley::net {

class websocket_transport {
public:
  using executor_type = boost::asio::io_context::executor_type;
  using error_code = boost::beast::error_code;

  /// Bytes that Beast hasn't asked for yet, beyond which no more are read.
  static constexpr std::size_t max_kept = 16 * 1024;

  websocket_transport(loop& home, byte_stream& stream) : loop_(home), stream_(stream) {}

  /// What came from the client.
  void received(std::string_view bytes) {
    kept_.append(bytes);
    while (reader_ && !kept_.empty())
      take_reader()->complete({}, take(reader_room_));
    if (kept_.size() > max_kept && !std::exchange(paused_, true))
      stream_.pause_reading();
  }

  /// Nothing comes or goes any more. A read that waits ends, later.
  void abort() {
    if (std::exchange(over_, true) || !reader_)
      return;
    later(
      [reader = std::shared_ptr<waiting_reader>(take_reader())] { reader->complete(boost::asio::error::operation_aborted, 0); });
  }

  /// Beast has written a close frame: no frame may follow it.
  bool close_sent() const { return close_sent_; }

  // -- AsyncStream ----------------------------------------------------------------------------------------------------

  executor_type get_executor() noexcept { return loop_.guests().get_executor(); }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& into, Handler&& done) {
    return boost::asio::async_initiate<Handler, void(error_code, std::size_t)>(
      [this](auto then, const Buffers& buffers) { this->read(first_of(buffers), std::move(then)); }, done, into);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& from, Handler&& done) {
    return boost::asio::async_initiate<Handler, void(error_code, std::size_t)>(
      [this](auto then, const Buffers& buffers) { this->write(buffers, std::move(then)); }, done, from);
  }

private:
  struct waiting_reader {
    virtual ~waiting_reader() = default;
    virtual void complete(error_code error, std::size_t size) = 0;
  };

  template <class Handler>
  struct waiting_reader_of final : waiting_reader {
    explicit waiting_reader_of(Handler&& wanted) : handler(std::move(wanted)) {}
    void complete(error_code error, std::size_t size) override {
      auto then = std::move(handler);
      then(error, size);
    }
    Handler handler;
  };

  template <class Buffers>
  static boost::asio::mutable_buffer first_of(const Buffers& buffers) {
    for (auto at = boost::asio::buffer_sequence_begin(buffers); at != boost::asio::buffer_sequence_end(buffers); ++at)
      if (boost::asio::mutable_buffer one{*at}; one.size() > 0)
        return one;
    return {};
  }

  template <class Task>
  void later(Task task) {
    boost::asio::post(loop_.guests(), std::move(task));
    loop_.run_guests();
  }

  std::unique_ptr<waiting_reader> take_reader() { return std::move(reader_); }

  std::size_t take(boost::asio::mutable_buffer into) {
    auto size = std::min(kept_.size(), into.size());
    std::memcpy(into.data(), kept_.data(), size);
    if (size == kept_.size())
      std::string{}.swap(kept_);
    else
      kept_.erase(0, size);
    return size;
  }

  template <class Handler>
  void read(boost::asio::mutable_buffer into, Handler then) {
    if (over_ || !kept_.empty() || into.size() == 0) {
      error_code error;
      if (over_)
        error = boost::asio::error::operation_aborted;
      auto size = over_ ? 0 : take(into);
      if (kept_.size() <= max_kept && !over_ && std::exchange(paused_, false))
        stream_.resume_reading();
      later([then = std::move(then), error, size]() mutable { then(error, size); });
      return;
    }
    reader_room_ = into;
    reader_ = std::make_unique<waiting_reader_of<Handler>>(std::move(then));
  }

  template <class Buffers, class Handler>
  void write(const Buffers& buffers, Handler then) {
    error_code error;
    std::size_t size = 0;
    if (over_) {
      error = boost::asio::error::operation_aborted;
    } else {
      std::vector<std::string_view> pieces;
      for (auto at = boost::asio::buffer_sequence_begin(buffers); at != boost::asio::buffer_sequence_end(buffers); ++at)
        if (boost::asio::const_buffer one{*at}; one.size() > 0) {
          pieces.emplace_back(static_cast<const char*>(one.data()), one.size());
          size += one.size();
        }
      // A frame's first byte, since frames are written whole (RFC 6455, section 5.2: FIN, opcode 8).
      if (!pieces.empty() && pieces.front().front() == static_cast<char>(0x88))
        close_sent_ = true;
      stream_.write(pieces);
    }
    later([then = std::move(then), error, size]() mutable { then(error, size); });
  }

  /// Found by Beast for its own time-outs, which are off.
  friend void beast_close_socket(websocket_transport& transport) { transport.abort(); }

  /// The close handshake is done: our direction ends, the connection's owner waits for the client's end.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type, websocket_transport& transport, Handler&& done) {
    if (!transport.over_)
      transport.stream_.finish();
    transport.later([then = std::forward<Handler>(done)]() mutable { then(error_code{}); });
  }

  loop& loop_;
  byte_stream& stream_;
  /// Came, and wasn't asked for yet.
  std::string kept_;
  std::unique_ptr<waiting_reader> reader_;
  boost::asio::mutable_buffer reader_room_;
  bool paused_ = false;
  bool close_sent_ = false;
  bool over_ = false;
};

} // namespace parley::net
