#define CAF_SUITE wire.streams.stream_encoders

#include "wire/streams/stream_encoders.hpp"

#include <caf/test/unit_test.hpp>
#include <string>

using namespace parley;
using namespace parley::wire;

namespace {

std::string chosen(std::string_view accept) {
  auto& format = choose_encoder(accept);
  auto name = &format == &ui_message_stream() ? "ui messages for " : &format == &sse_stream() ? "sse for " : "lines for ";
  return name + std::string{accept};
}

struct unlisted final : stream_encoder {
  std::string_view name() const override { return "unlisted"; }
  void delta(std::string&, const event_place&, event_kind, std::string_view) const override {}
  void event(std::string&, const event_place&, const answer_event&) const override {}
};

} // namespace

CAF_TEST(a format that is not in the table has no place there) {
  CAF_CHECK(!slot_of(unlisted{}));
}

CAF_TEST(formats that carry their place are resumed) {
  for (auto* format : {&lines_stream(), &sse_stream(), &ws_stream()})
    CAF_CHECK(format->resumes());
  for (auto* format : {&simple_stream(), &ui_message_stream(), &openai_stream(), &openai_usage_stream(), &anthropic_stream()})
    CAF_CHECK(!format->resumes());
}

CAF_TEST(formats that show one answer say so) {
  for (auto* format : {&simple_stream(), &ui_message_stream(), &anthropic_stream()})
    CAF_CHECK(format->shows_one_answer());
  for (auto* format : {&lines_stream(), &sse_stream(), &ws_stream(), &openai_stream(), &openai_usage_stream()})
    CAF_CHECK(!format->shows_one_answer());
}

CAF_TEST(the format goes by what is accepted) {
  for (auto accept : {"text/event-stream", "text/event-stream, */*", "application/json, text/event-stream",
                      "text/event-stream;q=0.9, */*;q=0.1", "text/event-stream; charset=utf-8", "  text/event-stream  ",
                      "text/plain;q=0.5,text/event-stream;q=0.5", "*/*;q=0.8,\ttext/event-stream", "text/event-stream;q=1.000",
                      "Text/Event-Stream", "text/event-stream;Q=0.9,*/*;q=0.8"})
    CAF_CHECK_EQUAL(chosen(accept), "sse for " + std::string{accept});
  for (auto accept : {"", "*/*", "text/plain", "text/*", "application/json", "text/event-stream;q=0", "text/event-stream;q=0.000",
                      "text/event-stream;q=0.1, */*", "text/plain, text/event-stream;q=0.9", "text/event-streams",
                      "x-text/event-stream", ",", ";;;q=,", "text/event-stream;Q=0.1,*/*"})
    CAF_CHECK_EQUAL(chosen(accept), "lines for " + std::string{accept});
  for (auto accept : {"text/event-stream; format=ui-message", "text/event-stream;format=ui-message, */*",
                      "Text/Event-Stream; Format=UI-Message", "text/event-stream;q=0.9, text/event-stream;format=ui-message",
                      "text/event-stream;format=ui-message;q=0.5, text/plain;q=0.4"})
    CAF_CHECK_EQUAL(chosen(accept), "ui messages for " + std::string{accept});
  CAF_CHECK_EQUAL(chosen("text/event-stream;format=ui-message;q=0.5, text/event-stream"),
                  "sse for text/event-stream;format=ui-message;q=0.5, text/event-stream");
  CAF_CHECK_EQUAL(chosen("text/event-stream;format=ui-message;q=0.5, text/plain"),
                  "lines for text/event-stream;format=ui-message;q=0.5, text/plain");
  CAF_CHECK_EQUAL(chosen("text/plain;format=ui-message"), "lines for text/plain;format=ui-message");
}
