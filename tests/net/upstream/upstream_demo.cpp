#define CAF_SUITE net.upstream.upstream_demo

#include "net/upstream/demo_upstream.hpp"

#include "tests/net/upstream/upstream_fixture.hpp"
#include "wire/dialects/dialect.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;

namespace {

/// What the codec makes of a stream.
struct answer final : wire::answer_sink {
  void text(std::string_view content) override {
    if (thoughts.size() > 0 && said.empty())
      thought_first = true;
    said.append(content);
    ++pieces;
  }
  void reasoning(std::string_view content) override { thoughts.append(content); }
  void tool_call_begins(std::string_view, std::string_view) override { CAF_ERROR("a tool call"); }
  void tool_call_grows(std::string_view, std::string_view) override {}
  void tool_call_ends(std::string_view) override {}
  void usage(std::int64_t prompt, std::int64_t completion) override {
    prompt_tokens = prompt;
    completion_tokens = completion;
  }
  void finished(finish_reason why) override { reason = why; }
  void failed(ec, std::string_view message) override { CAF_ERROR(std::string{message}); }

  std::string said;
  std::string thoughts;
  bool thought_first = false;
  int pieces = 0;
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::optional<finish_reason> reason;
};

wire::upstream_request request_of(const std::string& model_name, const std::string& question) {
  model target;
  target.upstream_name = model_name;
  target.at = std::make_shared<upstream>();
  prompt what;
  what.messages.push_back({message_role::user, "an earlier question"});
  what.messages.push_back({message_role::assistant, "an earlier answer"});
  what.messages.push_back({message_role::user, question});
  return *wire::dialect_of(target).encode(target, what);
}

answer decode(const std::vector<demo_part>& parts) {
  answer result;
  auto codec = wire::dialect_of(provider_kind::demo).make_codec();
  for (auto& part : parts)
    codec->feed(part.bytes, result);
  codec->end(result);
  return result;
}

std::chrono::milliseconds length_of(const std::vector<demo_part>& parts) {
  std::chrono::milliseconds sum{0};
  for (auto& part : parts)
    sum += part.pause;
  return sum;
}

} // namespace

CAF_TEST(the demo says that it is one and quotes the question and ends as a provider does) {
  auto got = decode(demo_answer(request_of("demo-a", "What is \"life\"?\nTell me.").body));
  CAF_CHECK(got.reason == finish_reason::stop);
  CAF_CHECK(got.said.find("No model is answering here") != std::string::npos);
  CAF_CHECK(got.said.find("> What is \"life\"? Tell me.") != std::string::npos);
  CAF_CHECK(got.said.find("OPENAI_API_KEY") != std::string::npos);
  CAF_CHECK(got.said.find("\n```toml\n[[providers]]\n") != std::string::npos);
  CAF_CHECK(got.said.find("\n- ") != std::string::npos);
  CAF_CHECK(got.pieces > 100);
  CAF_CHECK(got.completion_tokens > 100);
  CAF_CHECK(got.prompt_tokens > 0);
  CAF_CHECK(got.thoughts.empty());
}

CAF_TEST(a thoughtful demo thinks first) {
  auto got = decode(demo_answer(request_of("demo-thoughtful", "Hello").body));
  CAF_CHECK(got.thought_first);
  CAF_CHECK(got.thoughts.find("no model") != std::string::npos);
  CAF_CHECK(got.thoughts.find("No model is answering here") == std::string::npos);
}

CAF_TEST(the pace is that of a reader and equal questions are answered equally) {
  auto swift = demo_answer(request_of("demo-swift", "Hello").body);
  auto swift_again = demo_answer(request_of("demo-swift", "Hello").body);
  auto thoughtful = demo_answer(request_of("demo-thoughtful", "Hello").body);
  CAF_CHECK(length_of(swift) < length_of(thoughtful));
  CAF_CHECK(length_of(swift) == length_of(swift_again));
  auto words_a_second = static_cast<double>(swift.size()) / std::chrono::duration<double>(length_of(swift)).count();
  CAF_CHECK(words_a_second > 30 && words_a_second < 50);
  CAF_REQUIRE_EQUAL(swift.size(), swift_again.size());
  for (std::size_t i = 0; i < swift.size(); ++i)
    CAF_REQUIRE_EQUAL(swift[i].bytes, swift_again[i].bytes);
}

CAF_TEST(a long question is quoted shortly and a strange request is answered all the same) {
  auto got = decode(demo_answer(request_of("demo-a", std::string(5000, 'q')).body));
  CAF_CHECK(got.said.find(std::string(60, 'q')) != std::string::npos);
  CAF_CHECK(got.said.find(std::string(200, 'q')) == std::string::npos);
  for (auto body : {"", "null", "[]", "{}", R"({"messages":3})", R"({"messages":[1,{"role":"user"}],"model":7})"})
    CAF_CHECK(decode(demo_answer(body)).reason == finish_reason::stop);
}

CAF_TEST(the client answers for the demo in time and can be stopped) {
  reactor loop;
  upstream_client client{loop};
  auto at = std::make_shared<upstream>();
  call_record heard;
  auto call = client.call(at, request_of("demo-swift", "Hello"), heard);
  CAF_CHECK(heard.events.empty());
  CAF_REQUIRE(run_until(loop, [&] { return heard.pieces == 4; }));
  CAF_CHECK_EQUAL(heard.all_events(), "connected 200 body");
  // Destroyed by a callback, and nothing is left to wait for.
  heard.on_event = [&](const std::string&) { call.reset(); };
  CAF_REQUIRE(run_until(loop, [&] { return !call; }));
  loop.run_once(steady::now() + std::chrono::milliseconds{200});
  settle(loop);
  CAF_CHECK_EQUAL(heard.pieces, 5);
}

CAF_TEST(the demo ends) {
  reactor loop;
  upstream_client client{loop};
  call_record heard;
  auto call = client.call(std::make_shared<upstream>(), request_of("demo-swift", "Hello"), heard);
  CAF_REQUIRE(run_until(loop, [&] { return heard.over(); }));
  CAF_CHECK_EQUAL(heard.all_events(), "connected 200 body ended");
  CAF_CHECK(heard.body.ends_with("data: [DONE]\n\n"));
}
