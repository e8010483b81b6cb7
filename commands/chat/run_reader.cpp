#include "commands/chat/run_reader.hpp"

#include "commands/chat/api.hpp"

#include <utility> // before Asio, whose awaitable.hpp forgets it

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace parley::commands::chat {

using nlohmann::json;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// The server speaks every 15 s.
constexpr std::chrono::seconds silence{40};
/// An answer that is told again comes as one event.
constexpr std::size_t event_bytes = std::size_t{32} << 20;

/// Before each try to get a broken connection back: half a minute in all, for a server that is being restarted.
constexpr milliseconds pauses[] = {milliseconds{250},  milliseconds{500},  milliseconds{1000}, milliseconds{2000},
                                   milliseconds{4000}, milliseconds{4000}, milliseconds{8000}, milliseconds{8000}};

std::string text_at(const json& object, const char* key) {
  auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

} // namespace

run_reader::run_reader(boost::asio::io_context& loop, const http_client& client, interrupts& keys, run_view& view)
  : loop_(loop), client_(client), keys_(keys), view_(view) {}

expected<run_outcome> run_reader::read(run_question question) {
  question_ = std::move(question);
  begun_ = steady_clock::now();
  auto stops = 0;
  keys_.on_interrupt([&] {
    if (++stops > 1 || keys_.must_end())
      left_ = true;
    else
      ask_to_stop();
  });
  std::size_t tries = 0;
  auto what = question_.request;
  expected<void> how;
  while (true) {
    progress_ = false;
    how = read_once(what);
    if (done_ || left_
        || (!how && how.error().code != ec::upstream_truncated && how.error().code != ec::upstream_unreachable
            && how.error().code != ec::unavailable))
      break;
    // A server that was never there is not waited for, nor is a question asked twice that counts twice.
    if (!accepted_ && !question_.repeatable)
      break;
    if (!accepted_ && !how && how.error().code != ec::upstream_truncated)
      break;
    if (progress_)
      tries = 0;
    if (tries == std::size(pauses))
      break;
    view_.notice(fmt::format("The connection broke off; trying again ({} of {}).", tries + 1, std::size(pauses)));
    boost::asio::steady_timer pause{loop_, pauses[tries++]};
    auto over = false;
    pause.async_wait([&](auto) { over = true; });
    loop_.restart();
    while (!over && !left_)
      loop_.run_one();
    if (left_) {
      pause.cancel();
      loop_.poll();
      break;
    }
    if (accepted_)
      what = going_on();
  }
  keys_.on_interrupt({});
  stopping_.reset();
  if (done_)
    return run_outcome::ended;
  if (left_)
    return run_outcome::left;
  if (how)
    return fail(ec::upstream_truncated, "The stream ended before the answers did.");
  return tl::unexpected{how.error()};
}

/// Until the connection ends, or there is nothing to be read any more.
expected<void> run_reader::read_once(const http_request& what) {
  wire::sse_decoder decoder{event_bytes};
  std::optional<expected<void>> end;
  auto status = 0;
  std::string refusal;
  http_callbacks then;
  then.on_head = [&](const http_head& head) {
    status = head.status;
    accepted_ |= status == 200;
    // Such as `a=0190b6f0-…`: a new attempt has an id that only the server knows.
    if (question_.message.empty())
      question_.message = head.message_ids.substr(head.message_ids.rfind('=') + 1);
  };
  then.on_body = [&](std::string_view bytes) {
    if (status != 200) {
      refusal += bytes;
      return;
    }
    auto fed = decoder.feed(bytes, [&](std::string_view, std::string_view data) {
      auto more = take_event(data);
      cursor_ = decoder.last_id();
      return more;
    });
    if (!fed)
      end = std::move(fed);
  };
  then.on_end = [&](expected<void> how) { end = std::move(how); };
  auto exchange = client_.start(what, silence, std::move(then));
  loop_.restart();
  while (!end && !done_ && !left_)
    loop_.run_one();
  if (!done_ && !left_ && end && *end && status != 200)
    return tl::unexpected{refusal_of(status, refusal)};
  return end ? *end : expected<void>{};
}

/// Returns false after the last.
bool run_reader::take_event(std::string_view data) {
  auto event = json::parse(data, nullptr, false);
  if (!event.is_object())
    return true;
  progress_ = true;
  auto type = text_at(event, "type");
  if (type == "turn_done") {
    done_ = true;
    return false;
  }
  auto participant = text_at(event, "participant");
  if (participant.empty())
    return true;
  auto letter = participant.front();
  auto& clock = clocks_[letter];
  if ((type == "text" || type == "reasoning") && !clock.first)
    clock.first = steady_clock::now();
  if (type == "text") {
    view_.text(letter, text_at(event, "content"));
  } else if (type == "reasoning") {
    view_.reasoning(letter, text_at(event, "content"));
  } else if (type == "tool_call") {
    auto arguments = event.value("args", json::object());
    view_.tool_call(letter, text_at(event, "toolName"), arguments.is_string() ? arguments.get<std::string>() : arguments.dump());
  } else if (type == "restart") {
    clock.replayed = true;
    view_.restart(letter);
  } else if (type == "finish") {
    auto how = end_of(letter, text_at(event, "finishReason"));
    how.error = text_at(event, "error");
    how.code = text_at(event, "code");
    if (auto usage = event.find("usage"); usage != event.end() && usage->is_object())
      how.tokens = usage->value("completionTokens", 0);
    view_.end(letter, how);
  }
  return true;
}

answer_end run_reader::end_of(char letter, std::string reason) {
  answer_end result;
  result.reason = std::move(reason);
  auto& clock = clocks_[letter];
  if (clock.first && !clock.replayed) {
    result.first_token = duration_cast<milliseconds>(*clock.first - begun_);
    result.total = duration_cast<milliseconds>(steady_clock::now() - begun_);
  }
  return result;
}

void run_reader::ask_to_stop() {
  if (!accepted_) { // nobody knows of it yet: then leaving is all
    left_ = true;
    return;
  }
  view_.notice("Stopping; once more to leave.");
  // Whether it was heard shows in the answers' ends.
  stopping_ = client_.start(stopping(question_.message), silence, {});
}

http_request run_reader::going_on() const {
  return attaching("/api/messages/" + question_.message + "/stream/" + (cursor_.empty() ? "?from=0" : ""), cursor_);
}

} // namespace parley::commands::chat
