// Plays recorded upstream bytes through codec, model stream, coordinator, log and stream format: the real actors on one
// thread, without a socket, a disk or a clock. `bench/guard` counts its instructions under callgrind.
//
//   replay SCENARIO CHUNKS FOLDER     an answer of so many deltas; FOLDER has the recordings
//   replay --list                     the scenarios' names
//
// Fails if what is stored isn't what the upstream said, or a reader misses the end.

#include "actors/watching/api.hpp"
#include "bench/recording.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/fake_store.hpp"
#include "wire/streams/stream_encoders.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdio>
#include <cstdlib>

using namespace parley;
using namespace parley::bench;

namespace {

struct scenario {
  std::string_view name;
  /// A participant each.
  std::vector<std::string_view> recordings;
  const wire::stream_encoder* format = &wire::lines_stream();
  /// Events that arrive in one read: 1 where the server keeps up, more where it is driven flat out.
  std::size_t events_a_read = 1;
  /// WebSocket subscribers beside the reader.
  std::size_t observers = 0;
};

const std::vector<scenario> scenarios{
  {"openai-lines", {"openai"}},
  {"openai-sse", {"openai"}, &wire::sse_stream()},
  {"openai-ws", {"openai"}, &wire::ws_stream()},
  {"anthropic-lines", {"anthropic"}},
  {"words-lines", {"openai_words"}},
  {"words-sse", {"openai_words"}, &wire::sse_stream()},
  {"compare-lines", {"openai", "anthropic"}},
  {"flat-out-lines", {"openai"}, &wire::lines_stream(), 16},
  {"watched-by-100", {"openai"}, &wire::lines_stream(), 1, 100},
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "replay: %s\n", why.c_str());
  std::exit(1);
}

/// A reader that is handed all, as a connection on the run's loop, and gives credit as that does.
class client final : public piece_taker {
public:
  client(caf::actor_system& sys, std::size_t window)
    : actor_(sys.spawn([](reader_actor::pointer) -> reader_actor::behavior_type {
        return {[](const log_piece&) { fail("a piece was sent instead of handed over"); }};
      })),
      window_(window) {}

  void take(const log_piece& piece) override {
    bytes += piece.bytes->size();
    ended = piece.ends;
    owed_ += piece.bytes->size();
    if (owed_ >= window_ / 2)
      caf::send_as(actor_, log_, reader_credit{piece.stream, std::exchange(owed_, 0)});
  }

  void attach(const run_opened& opened, const wire::stream_encoder& format, home_loop& home) {
    log_ = opened.log;
    caf::anon_send(log_, attach_reader{actor_, 1, &format, opened.from, &home, this});
  }

  reader_actor actor() const { return actor_; }

  std::size_t bytes = 0;
  bool ended = false;

private:
  reader_actor actor_;
  log_actor log_;
  std::size_t window_;
  std::size_t owed_ = 0;
};

class observer final : public subscriber {
public:
  explicit observer(std::uint64_t number) : number_(number) {}
  std::uint64_t number() const override { return number_; }
  void deliver(const frame_ptr& frames) override { bytes += frames->size(); }
  std::size_t unread() const override { return 0; }
  void close(std::uint16_t, std::string_view) override { fail("an observer was sent away"); }

  std::size_t bytes = 0;

private:
  std::uint64_t number_;
};

/// CAF's deterministic scheduler: jobs run when they are asked to, on this thread, in the order they came.
struct one_thread : caf::actor_system_config {
  one_thread() { set("scheduler.policy", caf::atom("testing")); }
};

class node {
public:
  explicit node(const scenario& what) {
    for (auto& name : what.recordings) {
      auto at = std::make_shared<upstream>();
      at->kind = name == "anthropic" ? provider_kind::anthropic : provider_kind::openai;
      at->base_url = "http://127.0.0.1:1";
      model made;
      made.id = made.display_name = made.upstream_name = name;
      made.at = std::move(at);
      models_.push_back(std::make_shared<const model>(made));
      ids_.emplace_back(name);
    }
    context_->models = catalogue{models_};
    context_->wall = [] { return unix_ms{1'700'000'000'000}; };
    store_ = test::spawn_fake_store(sys_, book_);
    sessions_ = spawn_sessions(sys_, context_, store_);
  }

  ~node() {
    for (auto& actor : ending_)
      caf::anon_send_exit(actor, caf::exit_reason::kill);
    caf::anon_send_exit(sessions_, caf::exit_reason::kill);
    caf::anon_send_exit(store_, caf::exit_reason::kill);
    run();
  }

  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// Until nothing is left to do; time stands still.
  void run() {
    while (scheduler_.try_run_once()) {
    }
  }

  void begin(const scenario& what) {
    make_session wanted;
    wanted.mode = ids_.size() > 1 ? session_mode::compare : session_mode::direct;
    wanted.models = ids_;
    auto made = ask<session_view>(wanted);
    if (what.observers > 0) {
      auto feed = spawn_feed(sys_, context_, &loop, sessions_, made.about.id);
      ending_.push_back(caf::actor_cast<caf::actor>(feed));
      for (std::size_t i = 1; i <= what.observers; ++i) {
        observers.push_back(std::make_shared<observer>(i));
        caf::anon_send(feed, join_feed{observers.back(), std::nullopt});
      }
      run();
    }
    start_turn question;
    question.session_key = made.about.id;
    question.messages.push_back({message_role::user, "What does this do?", std::nullopt, std::nullopt});
    auto opened = ask<run_opened>(question, run_home{&loop});
    ending_.push_back(caf::actor_cast<caf::actor>(reader.actor()));
    reader.attach(opened, *what.format, loop);
    run();
  }

  /// The stored text of the answer of that participant.
  std::string_view stored(participant who) const {
    for (auto& m : book_->messages)
      if (m.seat == who && m.status == message_status::success)
        return m.content;
    return {};
  }

  test::fake_loop loop;
  std::vector<std::shared_ptr<observer>> observers;

private:
  template <class Reply, class... Request>
  Reply ask(Request... what) {
    std::optional<Reply> reply;
    sys_.spawn([this, &reply, what...](caf::event_based_actor* self) {
      self->request(sessions_, caf::infinite, what...)
        .then([&reply](const Reply& answer) { reply = answer; },
              [](const caf::error& why) { fail("the node refused: " + to_failure(why).message); });
    });
    run();
    if (!reply)
      fail("the node didn't answer");
    return *reply;
  }

  std::vector<std::shared_ptr<const model>> models_;
  std::vector<std::string> ids_;
  std::shared_ptr<node_context> context_ = std::make_shared<node_context>();
  test::fake_store_ptr book_ = std::make_shared<test::fake_store_book>();
  one_thread config_;
  caf::actor_system sys_{config_};
  caf::scheduler::test_coordinator& scheduler_ = dynamic_cast<caf::scheduler::test_coordinator&>(sys_.scheduler());
  persistence_actor store_;
  sessions_actor sessions_;
  std::vector<caf::actor> ending_;

public:
  client reader{sys_, context_->bounds.reader_window_bytes};
};

void play(const scenario& what, std::size_t chunks, const std::string& folder) {
  std::vector<recording> said;
  for (auto& name : what.recordings)
    said.push_back(read_recording(folder + "/" + std::string{name} + ".sse"));

  node at{what};
  at.begin(what);
  if (at.loop.requests.size() != said.size())
    fail("not one upstream request for each participant");
  std::vector<std::string> expected(said.size());
  for (std::size_t who = 0; who < said.size(); ++who) {
    at.loop.requests[who]->accept();
    at.loop.requests[who]->body(said[who].head);
  }
  at.run();
  // The participants' reads take turns.
  std::string read;
  for (std::size_t next = 0; next < chunks; next += what.events_a_read)
    for (std::size_t who = 0; who < said.size(); ++who) {
      read.clear();
      for (auto i = next; i < std::min(chunks, next + what.events_a_read); ++i) {
        auto& delta = said[who].deltas[i % said[who].deltas.size()];
        read += delta.event;
        expected[who] += delta.text;
      }
      at.loop.requests[who]->body(read);
      at.run();
    }
  for (std::size_t who = 0; who < said.size(); ++who) {
    at.loop.requests[who]->body(said[who].tail);
    at.loop.requests[who]->end();
    at.run();
  }

  std::size_t characters = 0;
  for (std::size_t who = 0; who < said.size(); ++who) {
    if (at.stored(static_cast<participant>(who)) != expected[who])
      fail("what is stored isn't what the upstream said");
    characters += expected[who].size();
  }
  if (!at.reader.ended || at.reader.bytes <= characters)
    fail("the reader didn't get all");
  for (auto& one : at.observers)
    if (one->bytes <= characters)
      fail("an observer didn't get all");
}

} // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view{argv[1]} == "--list") {
    for (auto& one : scenarios)
      std::printf("%.*s %zu\n", static_cast<int>(one.name.size()), one.name.data(), one.recordings.size());
    return 0;
  }
  for (auto& one : scenarios)
    if (argc == 4 && one.name == argv[1]) {
      play(one, std::stoul(argv[2]), argv[3]);
      return 0;
    }
  std::fprintf(stderr, "usage: replay SCENARIO CHUNKS FOLDER, or replay --list\n");
  return 2;
}
