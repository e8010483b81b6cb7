#define CAF_SUITE actors.watching.feed

#include "actors/watching/api.hpp"
#include "tests/support/node_fixture.hpp"
#include "tests/support/seen_log.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

using namespace parley;
using namespace parley::test;
using json = nlohmann::json;

namespace {

/// A subscriber that keeps what it is sent, and takes it as the test says.
class fake_subscriber final : public subscriber {
public:
  explicit fake_subscriber(std::uint64_t number) : number_(number) {}

  std::uint64_t number() const override { return number_; }

  void deliver(const frame_ptr& frames) override {
    buffers.push_back(frames);
    received += *frames;
    if (!reads)
      unread_ += frames->size();
  }

  std::size_t unread() const override { return unread_; }

  void close(std::uint16_t code, std::string_view) override { closed = code; }

  void take_all() { unread_ = 0; }

  /// The JSON of all frames so far (RFC 6455, section 5.2).
  std::vector<json> frames() const {
    std::vector<json> result;
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(received.at(i)); };
    for (std::size_t at = 0; at < received.size();) {
      CAF_REQUIRE_EQUAL(byte(at), 0x81u);
      std::size_t length = byte(at + 1);
      std::size_t header = 2;
      if (length >= 126) {
        int count = length == 126 ? 2 : 8;
        length = 0;
        for (int i = 0; i < count; ++i)
          length = length << 8 | byte(at + header++);
      }
      result.push_back(json::parse(received.substr(at + header, length)));
      at += header + length;
    }
    return result;
  }

  /// A word for each frame: its type, and what of it matters.
  std::vector<std::string> story() const {
    std::vector<std::string> words;
    for (auto& frame : frames()) {
      auto type = frame["type"].get<std::string>();
      if (type == "connection_established")
        words.push_back(frame["recovered"].get<bool>() ? "recovered" : "established");
      else if (type == "session_state")
        words.push_back("state:" + std::to_string(frame["messages"].size()));
      else if (type == "message_update")
        words.push_back(frame["action"].get<std::string>() + ":" + frame["message"]["content"].get<std::string>());
      else if (type == "delta")
        words.push_back(frame["event"].value("content", frame["event"]["type"].get<std::string>()));
      else if (type == "session_update")
        words.push_back(frame["action"].get<std::string>() + "-session");
      else
        words.push_back(type);
    }
    return words;
  }

  std::string last_word() const {
    auto words = story();
    return words.empty() ? "" : words.back();
  }

  /// All text deltas together.
  std::string text() const {
    std::string result;
    for (auto& frame : frames())
      if (frame["type"] == "delta")
        result += frame["event"].value("content", "");
    return result;
  }

  std::string last_cursor() const {
    std::string cursor;
    for (auto& frame : frames())
      if (frame.contains("cursor") && frame["cursor"].is_string())
        cursor = frame["cursor"];
    return cursor;
  }

  bool reads = true;
  std::string received;
  std::vector<frame_ptr> buffers;
  std::uint16_t closed = 0;

private:
  std::uint64_t number_;
  std::size_t unread_ = 0;
};

using words = std::vector<std::string>;

struct fixture : node_fixture {
  fixture() { node->bounds.subscriber_window_bytes = 1'000; }

  feed_actor feed() {
    if (!feed_) {
      about = new_session({"m1"}).about.id;
      feed_ = ends(spawn_feed(sys, node, &loop, sessions(), about));
    }
    return feed_;
  }

  std::shared_ptr<fake_subscriber> join(const std::string& from = {}) {
    auto made = std::make_shared<fake_subscriber>(++last_);
    caf::anon_send(feed(), join_feed{made, wire::parse_cursor(from)});
    consume_messages();
    return made;
  }

  void leave(const fake_subscriber& who) {
    caf::anon_send(feed(), leave_feed{who.number()});
    consume_messages();
  }

  void drain(fake_subscriber& who) {
    who.take_all();
    caf::anon_send(feed(), subscriber_drained{who.number()});
    consume_messages();
  }

  run_opened ask_it(std::string text = "Hello") {
    feed();
    auto run = opened(question(about, std::move(text)));
    upstream_does(loop.requests.size() - 1, [](auto& r) { r.accept(); });
    return run;
  }

  void say(std::string_view text) {
    upstream_does(loop.requests.size() - 1, [&](auto& r) { r.text(text); });
  }

  void finish() {
    upstream_does(loop.requests.size() - 1, [](auto& r) { r.finish(); });
  }

  session_id about;

private:
  feed_actor feed_;
  std::uint64_t last_ = 0;
};

words joined(words a, const words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const words greeting{"established", "state:0"};

} // namespace

CAF_TEST_FIXTURE_SCOPE(feed_tests, fixture)

CAF_TEST(a subscriber sees a turn from its question to its stored answer) {
  auto one = join();
  CAF_CHECK_EQUAL(one->story(), greeting);
  ask_it();
  say("Hi");
  say(" there");
  finish();
  CAF_CHECK_EQUAL(one->story(), joined(greeting, {"created:Hello", "created:", "Hi", " there", "finish", "completed:Hi there"}));
}

CAF_TEST(a delta names its cursor and the answer that grows) {
  auto one = join();
  auto run = ask_it();
  say("Hi");
  auto delta = one->frames().back();
  CAF_CHECK_EQUAL(delta["cursor"].get<std::string>(), wire::to_cursor(run.run, 1));
  CAF_CHECK_EQUAL(delta["message_id"].get<std::string>(), to_string(run.answers[0].id));
  CAF_CHECK_EQUAL(delta["attempt"].get<int>(), 1);
  CAF_CHECK_EQUAL(delta["participant"].get<std::string>(), "a");
  CAF_CHECK_EQUAL(delta["event"]["type"].get<std::string>(), "text");
}

CAF_TEST(all who keep up are given the same encoded bytes) {
  auto one = join();
  auto two = join();
  ask_it();
  say("Hi");
  CAF_CHECK(one->buffers.back() == two->buffers.back());
}

CAF_TEST(a run longer than what a reader may have unread comes event by event) {
  node->bounds.reader_window_bytes = 2'000;
  auto one = join();
  for (int turn = 0; turn < 2; ++turn) {
    ask_it();
    auto before = one->frames().size();
    for (int i = 0; i < 30; ++i)
      say("word ");
    CAF_CHECK_EQUAL(one->frames().size(), before + 30);
    finish();
    CAF_CHECK_EQUAL(one->last_word(), "completed:" + std::string(one->text(), one->text().size() / (turn + 1U) * turn));
  }
}

CAF_TEST(completed comes only once the store has the answer) {
  auto one = join();
  ask_it();
  say("Hi");
  book->hold = true;
  finish();
  CAF_CHECK_EQUAL(one->last_word(), "Hi");
  release_store();
  CAF_CHECK_EQUAL(one->last_word(), "completed:Hi");
}

CAF_TEST(who joins in mid - answer gets the text so far and then the rest) {
  auto first = join();
  ask_it();
  say("one ");
  auto late = join();
  CAF_CHECK_EQUAL(late->story(), (words{"established", "state:2"}));
  CAF_CHECK_EQUAL(late->frames()[1]["messages"][1]["content"].get<std::string>(), "one ");
  say("two ");
  say("three");
  finish();
  CAF_CHECK_EQUAL(late->text(), "two three");
  CAF_CHECK_EQUAL(first->text(), "one two three");
  CAF_CHECK_EQUAL(late->last_word(), "completed:one two three");
}

CAF_TEST(the first subscriber of a running answer shares with those after it) {
  ask_it();
  say("one ");
  auto first = join();
  auto second = join();
  say("two");
  CAF_CHECK_EQUAL(first->text(), "two");
  CAF_CHECK_EQUAL(second->text(), "two");
  CAF_CHECK(first->buffers.back() == second->buffers.back());
}

CAF_TEST(a cursor resumes without a gap and without a repetition) {
  auto one = join();
  ask_it();
  say("one ");
  say("two ");
  auto cursor = one->last_cursor();
  say("three ");
  auto back = join(cursor);
  CAF_CHECK_EQUAL(back->story(), (words{"recovered", "three "}));
  say("four");
  finish();
  CAF_CHECK_EQUAL(back->text(), "three four");
  auto later = join(cursor);
  CAF_CHECK_EQUAL(later->text(), "three four");
  CAF_CHECK_EQUAL(later->last_word(), "completed:one two three four");
}

CAF_TEST(a cursor at the end of the latest run needs nothing told again) {
  auto one = join();
  ask_it();
  say("Hi");
  finish();
  auto back = join(one->last_cursor());
  CAF_CHECK_EQUAL(back->story(), words{"recovered"});
  ask_it("Again");
  say("Yes");
  CAF_CHECK_EQUAL(back->story(), (words{"recovered", "created:Again", "created:", "Yes"}));
}

CAF_TEST(an old cursor is answered with the state) {
  auto one = join();
  ask_it();
  say("Hi");
  auto cursor = one->last_cursor();
  finish();
  ask_it("Again");
  finish();
  CAF_CHECK_EQUAL(join(cursor)->story(), (words{"established", "state:4"}));
  CAF_CHECK_EQUAL(join(to_string(new_id<run_id>()) + ":3")->story(), (words{"established", "state:4"}));
}

CAF_TEST(who falls behind gets larger deltas and no gap and then shares again) {
  auto fast = join();
  auto slow = join();
  ask_it();
  slow->reads = false;
  std::string said;
  for (int i = 0; i < 100; ++i) {
    auto part = "part " + std::to_string(i) + ", ";
    said += part;
    say(part);
  }
  CAF_CHECK(slow->unread() < 3'000);
  CAF_CHECK_EQUAL(fast->text(), said);
  for (int i = 0; i < 3; ++i)
    drain(*slow);
  slow->reads = true;
  drain(*slow);
  CAF_CHECK_EQUAL(slow->text(), said);
  CAF_CHECK(slow->frames().size() < fast->frames().size());
  say("the end");
  CAF_CHECK_EQUAL(slow->text(), said + "the end");
  CAF_CHECK(slow->buffers.back() == fast->buffers.back());
}

CAF_TEST(who falls behind over the end of a run gets the next one after it) {
  auto slow = join();
  ask_it();
  slow->reads = false;
  std::string said;
  for (int i = 0; i < 50; ++i) {
    said += "part " + std::to_string(i);
    say("part " + std::to_string(i));
  }
  finish();
  ask_it("Again");
  say("More");
  finish();
  slow->reads = true;
  for (int i = 0; i < 5; ++i)
    drain(*slow);
  CAF_CHECK_EQUAL(slow->text(), said + "More");
  auto story = slow->story();
  auto tail = words(story.end() - 6, story.end());
  CAF_CHECK_EQUAL(tail, (words{"completed:" + said, "created:Again", "created:", "More", "finish", "completed:More"}));
}

CAF_TEST(who never reads is told to come back) {
  auto slow = join();
  ask_it();
  slow->reads = false;
  for (int i = 0; i < 50; ++i)
    say("part " + std::to_string(i));
  finish();
  for (int i = 0; i < 10; ++i) {
    ask_it("Again");
    say("More");
    finish();
  }
  CAF_CHECK_EQUAL(slow->closed, 4408);
}

CAF_TEST(the state can be asked for at any time and deltas go on from there) {
  auto one = join();
  ask_it();
  say("one ");
  caf::anon_send(feed(), request_state{one->number()});
  consume_messages();
  CAF_CHECK_EQUAL(one->last_word(), "state:2");
  CAF_CHECK_EQUAL(one->frames().back()["messages"][1]["content"].get<std::string>(), "one ");
  say("two");
  CAF_CHECK_EQUAL(one->last_word(), "two");
  finish();
  CAF_CHECK_EQUAL(one->text(), "one two");
}

CAF_TEST(renames and deletes are told) {
  auto one = join();
  CAF_REQUIRE(ask<session_view>(sessions(), change_session{about, {"New name", std::nullopt, std::nullopt}}).has_value());
  CAF_CHECK_EQUAL(one->last_word(), "updated-session");
  CAF_CHECK_EQUAL(one->frames().back()["session"]["title"].get<std::string>(), "New name");
  CAF_REQUIRE(ask<store_written>(sessions(), remove_session{about}).has_value());
  CAF_CHECK_EQUAL(one->last_word(), "deleted-session");
  CAF_CHECK_EQUAL(one->closed, 4404);
}

CAF_TEST(typing is told to all but who types) {
  auto one = join();
  auto two = join();
  caf::anon_send(feed(), subscriber_typing{one->number(), "u1", true});
  consume_messages();
  CAF_CHECK_EQUAL(one->story(), greeting);
  CAF_CHECK_EQUAL(two->last_word(), "typing_indicator");
  CAF_CHECK_EQUAL(two->frames().back()["user_id"].get<std::string>(), "u1");
}

CAF_TEST(a session that is not there closes its subscribers) {
  auto nowhere = ends(spawn_feed(sys, node, &loop, sessions(), new_id<session_id>()));
  auto one = std::make_shared<fake_subscriber>(77);
  caf::anon_send(nowhere, join_feed{one, std::nullopt});
  consume_messages();
  CAF_CHECK_EQUAL(one->closed, 4404);
}

CAF_TEST(when the session ends its subscribers are told to connect again) {
  auto one = join();
  restart_node();
  CAF_CHECK_EQUAL(one->closed, 1001);
}

CAF_TEST(when a log dies its subscribers are told to connect again and it is counted) {
  seen_log seen;
  auto one = join();
  auto run = ask_it();
  kill(run.log);
  CAF_CHECK_EQUAL(one->closed, 1001);
  CAF_CHECK_EQUAL(seen.dropped(reader_drop::defect), 1u);
  CAF_CHECK_EQUAL(seen.lines_with("info session=" + to_string(about) + " ").size(), 1u);
}

CAF_TEST(who has left is sent nothing more) {
  auto one = join();
  auto two = join();
  ask_it();
  leave(*one);
  auto before = one->received.size();
  say("Hi");
  CAF_CHECK_EQUAL(one->received.size(), before);
  CAF_CHECK_EQUAL(two->text(), "Hi");
}

CAF_TEST(a regenerated answer is another attempt and shown as such) {
  auto one = join();
  auto run = ask_it();
  say("Hi");
  finish();
  CAF_REQUIRE(regenerate(run.answers[0].id).has_value());
  upstream_does(loop.requests.size() - 1, [](auto& r) { r.answer("Ho"); });
  auto story = one->story();
  CAF_CHECK_EQUAL(words(story.end() - 4, story.end()), (words{"created:", "Ho", "finish", "completed:Ho"}));
  CAF_CHECK_EQUAL(one->frames().back()["message"]["attempt"].get<int>(), 2);
}

CAF_TEST(more subscribers than one part of a round all get everything) {
  std::vector<std::shared_ptr<fake_subscriber>> many;
  for (int i = 0; i < 300; ++i)
    many.push_back(join());
  ask_it();
  say("one ");
  say("two");
  finish();
  for (auto& each : many)
    CAF_CHECK_EQUAL(each->text(), "one two");
  CAF_CHECK(many.front()->buffers.back() == many.back()->buffers.back());
}

/// Whatever joins, leaves, stalls and asks for the state in whatever order: after its last state, each subscriber's deltas are
/// exactly what followed.
CAF_TEST(in any order of joining and stalling each subscriber can put the whole text together) {
  std::uint32_t seed = 7;
  auto dice = [&](std::uint32_t sides) { return (seed = seed * 1'664'525 + 1'013'904'223) / 65'536 % sides; };
  std::vector<std::shared_ptr<fake_subscriber>> all{join()};
  for (int turn = 0; turn < 12; ++turn) {
    auto run = ask_it("Question " + std::to_string(turn));
    std::string said;
    for (int i = 0; i < 30; ++i) {
      auto part = std::to_string(turn) + "." + std::to_string(i) + " ";
      said += part;
      say(part);
      auto& one = *all[dice(static_cast<std::uint32_t>(all.size()))];
      switch (dice(6)) {
      case 0:
        all.push_back(join(dice(2) == 0 ? one.last_cursor() : ""));
        break;
      case 1:
        one.reads = !one.reads;
        break;
      case 2:
        drain(one);
        break;
      case 3:
        caf::anon_send(feed(), request_state{one.number()});
        break; // answered while the text goes on
      default:
        break;
      }
    }
    finish();
    for (auto& each : all) {
      each->reads = true;
      for (int i = 0; i < 12; ++i)
        drain(*each);
    }
    auto answer = to_string(run.answers[0].id);
    for (auto& each : all) {
      CAF_REQUIRE_EQUAL(each->closed, 0);
      std::string text;
      bool completed = false;
      bool recovered = false;
      for (auto& frame : each->frames()) {
        recovered = recovered || (frame["type"] == "connection_established" && frame["recovered"] == true);
        if (frame["type"] == "session_state") {
          recovered = false;
          for (auto& m : frame["messages"])
            if (m["id"] == answer) {
              text = m["content"];
              completed = m["status"] == "success";
            }
        } else if (frame["type"] == "delta" && frame["message_id"] == answer) {
          CAF_CHECK(!completed);
          text += frame["event"].value("content", "");
        } else if (frame["type"] == "message_update" && frame["message"]["id"] == answer) {
          completed = frame["action"] == "completed";
        }
      }
      CAF_CHECK(completed);
      if (!recovered) // else it had the beginning before
        CAF_CHECK_EQUAL(text, said);
      else
        CAF_CHECK_EQUAL(said.substr(said.size() - std::min(said.size(), text.size())), text);
    }
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
