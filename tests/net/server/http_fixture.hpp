#pragma once
// A listener on a free port with a few routes, and runs that do what the request's query says.

#include "net/server/error_response.hpp"
#include "net/server/listener.hpp"

#include "tests/net/server/raw_client.hpp"
#include "tests/support/eventually.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <memory>
#include <string>

namespace parley::net {

/// What a test sees of its run, from another thread.
struct run_record {
  std::atomic<std::uint64_t> from{0};
  std::atomic<bool> attached{false};
  std::atomic<bool> reader_gone{false};
  std::atomic<std::size_t> sent{0};
  std::atomic<std::size_t> most_outstanding{0};
  std::atomic<std::size_t> credits{0};
  std::atomic<std::size_t> smallest_credit{SIZE_MAX};
};

struct run_script {
  std::size_t piece_bytes = 10;
  std::size_t pieces = 3;
  /// After the pieces: the last one says so, nothing more comes, or the run ends without a word.
  enum class end : std::uint8_t { properly, never, dying } ending = end::properly;
};

/// Sends its pieces as the reader's window allows. Piece n is made of the n-th letter.
class scripted_run final : public homed<log_actor::base> {
public:
  scripted_run(caf::actor_config& config, home_loop& home, run_script script, std::size_t window,
               std::shared_ptr<run_record> record)
    : homed(config, home.unit()), script_(script), window_(window), record_(std::move(record)) {}

  static std::string piece(const run_script& script, std::size_t number) {
    return std::string(script.piece_bytes, static_cast<char>('a' + number % 26));
  }

  log_actor::behavior_type make_behavior() override {
    set_down_handler([this](const caf::down_msg&) {
      record_->reader_gone = true;
      quit();
    });
    return {
      [](const open_log&) { return run_opened{}; },
      [this](const attach_reader& what) {
        reader_ = what;
        alive_ = caf::strong_actor_ptr{ctrl()};
        monitor(reader_.reader);
        record_->from = what.from;
        record_->attached = true;
        send_more();
      },
      [this](const reader_credit& given) {
        if (given.stream != reader_.stream)
          return;
        outstanding_ -= given.bytes;
        ++record_->credits;
        record_->smallest_credit = std::min<std::size_t>(record_->smallest_credit, given.bytes);
        send_more();
      },
      [](const detach_reader&) {},
      [](forget_log) {},
    };
  }

  void ended() override {
    reader_.reader = nullptr;
    alive_.reset();
  }

private:
  void send_more() {
    while (next_ < script_.pieces && outstanding_ + script_.piece_bytes <= window_) {
      auto ends = ++next_ == script_.pieces && script_.ending == run_script::end::properly;
      outstanding_ += script_.piece_bytes;
      record_->sent += script_.piece_bytes;
      record_->most_outstanding = std::max<std::size_t>(record_->most_outstanding, outstanding_);
      send(reader_.reader, log_piece{reader_.stream, std::make_shared<const std::string>(piece(script_, next_ - 1)), ends});
    }
    if (next_ == script_.pieces && script_.ending == run_script::end::dying)
      quit(caf::exit_reason::user_shutdown);
  }

  run_script script_;
  std::size_t window_;
  std::shared_ptr<run_record> record_;
  attach_reader reader_;
  /// Once it has a reader it stays until that one goes, as if a session knew it.
  caf::strong_actor_ptr alive_;
  std::size_t next_ = 0;
  std::size_t outstanding_ = 0;
};

/// The body that a client of that run gets.
inline std::string whole_body(const run_script& script) {
  std::string result;
  for (std::size_t i = 0; i < script.pieces; ++i)
    result += scripted_run::piece(script, i);
  return result;
}

inline http_settings test_settings() {
  http_settings result;
  result.port = 0;
  result.requests.header_bytes = 2048;
  result.requests.body_bytes = 4096;
  result.reader_window_bytes = 64 * 1024;
  return result;
}

/// Routes: `/echo` answers with method, path and body, `/later` the same after a detour over another actor, `/stream` with
/// the run of `script`, `/throw` with a defect, `/big` with a megabyte, `/silent` never; all else is 404. `/plain` tells its
/// errors in one plain word.
class http_fixture {
public:
  explicit http_fixture(http_settings settings = test_settings(), run_script wanted = {})
    : window_(settings.reader_window_bytes), sys_(config_), script(wanted), record(std::make_shared<run_record>()) {
    auto opened = listener::open(
      sys_, settings, [this](exchange& ex) { serve(ex); },
      [](std::string_view path) -> error_writer { return path == "/plain" ? plain_error : error_response; });
    CAF_REQUIRE(opened);
    clients = std::move(*opened);
  }

  raw_client connect(int receive_buffer = 0) const { return raw_client{clients->port(), receive_buffer}; }

private:
  struct config : caf::actor_system_config {
    config() { load_loops(*this, 2, {}); }
  };

  static http_response echo(const http_request& request) {
    http_response result;
    result.content_type = "text/plain";
    result.body = request.method + " " + request.path + " " + request.body;
    return result;
  }

  static http_response plain_error(const failure& why, std::string_view) {
    return {http_status(why.code), "text/plain", std::string{name(why.code)}, {}};
  }

  void serve(exchange& ex) {
    ++served;
    auto& path = ex.request().path;
    if (path == "/echo") {
      ex.answer(echo(ex.request()));
    } else if (path == "/later") {
      auto& home = loops{sys_}.at(0);
      auto run = sys_.spawn<scripted_run>(home, run_script{}, window_, std::make_shared<run_record>());
      ex.self().request(run, std::chrono::seconds{20}, open_log{}).then([&ex](const run_opened&) {
        ex.answer(echo(ex.request()));
      });
    } else if (path == "/stream") {
      run_opened run;
      run.log = sys_.spawn<scripted_run>(ex.home(), script, window_, record);
      run.session_key = new_id<session_id>();
      run.turn = new_id<turn_id>();
      run.run = new_id<run_id>();
      run.user = new_id<message_id>();
      run.answers = {{0, new_id<message_id>()}, {1, new_id<message_id>()}};
      run.from = 7;
      ex.add_header("X-Added", "1");
      ex.stream(run, wire::lines_stream());
    } else if (path == "/throw") {
      throw std::runtime_error("the secret of /throw");
    } else if (path == "/big") {
      ex.answer({200, "text/plain", std::string(1024 * 1024, 'x'), {}});
    } else if (path != "/silent") {
      ex.refuse({ec::not_found, "There is no such path.", {}});
    }
  }

  std::size_t window_;
  config config_;
  caf::actor_system sys_;

public:
  run_script script;
  std::shared_ptr<run_record> record;
  std::atomic<int> served{0};
  /// Last: it goes before the system.
  std::unique_ptr<listener> clients;
};

} // namespace parley::net
