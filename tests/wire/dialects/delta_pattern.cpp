#define CAF_SUITE wire.dialects.delta_pattern

#include "wire/dialects/delta_pattern.hpp"

#include "tests/wire/dialects/recording_sink.hpp"
#include "tests/wire/named_apart.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::wire;
using namespace std::string_literals;
using namespace std::string_view_literals;

namespace {

using read_text = std::optional<std::string_view>;

/// One that has learned from an event that said `text`.
delta_pattern learned(std::string_view data, std::string_view text, std::string_view padding = {}) {
  delta_pattern pattern{padding};
  pattern.learn("delta", data, event_kind::text, text);
  return pattern;
}

std::string openai(std::string_view text) {
  return R"({"id":"c-1","choices":[{"index":0,"delta":{"content":")" + std::string{text} + R"("},"finish_reason":null}]})";
}

std::string openai_padded(std::string_view text, std::string_view noise) {
  return R"({"id":"c-1","choices":[{"index":0,"delta":{"content":")" + std::string{text} + R"("}}],"obfuscation":")"
         + std::string{noise} + R"("})";
}

std::string anthropic(std::string_view text, std::string_view spaces = "") {
  return R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" + std::string{text} + "\"}"
         + std::string{spaces} + "}";
}

/// What stands between the quotes of a JSON string, rightly or wrongly.
const std::vector<std::string> insides{"Hello",
                                       "",
                                       " ",
                                       "wörld 😀",
                                       R"(\n)",
                                       R"(a\"b)",
                                       R"(\)",
                                       R"(\\)",
                                       R"(\ud83d\ude00)",
                                       R"(\ud83d)",
                                       R"(\u0000)",
                                       "\0"s,
                                       "\n",
                                       "\x1f",
                                       "\x7f",
                                       "\xff",
                                       "a\xc3",
                                       "\xEF\xBB\xBF",
                                       "content",
                                       "finish_reason",
                                       "index",
                                       ":",
                                       ",",
                                       R"(","x":")",
                                       R"("},{"content":")",
                                       "}]}",
                                       R"("}}]})",
                                       std::string(5000, 'x')};

/// The same is found, learned or not.
void check_same(provider_kind kind, const std::string& body) {
  auto apart = named_apart(body);
  CAF_REQUIRE(apart.has_value());
  auto found = decode(kind, {body});
  auto expected = decode(kind, {*apart});
  if (found.events() != expected.events())
    CAF_ERROR(body << " is read as " << caf::deep_to_string(found.events()) << " instead of "
                   << caf::deep_to_string(expected.events()));
}

std::string event(const std::string& data) {
  return "data: " + data + "\n\n";
}

/// Each byte of it replaced, taken out, and followed by another.
template <class Visit>
void for_each_wrong_byte(const std::string& data, Visit visit) {
  for (std::size_t at = 0; at < data.size(); ++at) {
    visit(data.substr(0, at) + data.substr(at + 1));
    for (char other : {'"', '\\', '{', '}', ',', ':', ' ', 'x', '1', '\0', '\x80'}) {
      visit(data.substr(0, at) + other + data.substr(at + 1));
      visit(data.substr(0, at) + other + data.substr(at));
    }
  }
}

} // namespace

CAF_TEST(the text of an event like the learned one is what stands in the place of that text) {
  auto pattern = learned(openai("Hello"), "Hello");
  CAF_CHECK(pattern.text_of("delta", openai(" wörld")) == read_text{" wörld"});
  CAF_CHECK(pattern.text_of("delta", openai("{}[],:")) == read_text{"{}[],:"});
  CAF_CHECK(pattern.kind() == event_kind::text);
}

CAF_TEST(an event that differs elsewhere is not like it) {
  auto pattern = learned(openai("Hello"), "Hello");
  auto data = openai("Hello");
  CAF_CHECK(!pattern.text_of("other", data));
  auto text_begins = data.find("Hello");
  for (std::size_t at = 0; at < data.size(); ++at) {
    auto other = data;
    other[at] ^= 1;
    auto in_text = at >= text_begins && at < text_begins + 5;
    CAF_CHECK_EQUAL(pattern.text_of("delta", other).has_value(), in_text);
    CAF_CHECK(!pattern.text_of("delta", data.substr(0, at)));
  }
}

CAF_TEST(a text that is not just its bytes is left to the parser) {
  auto pattern = learned(openai("Hello"), "Hello");
  for (auto inside : {R"(\n)"s, R"(\")"s, R"(\\)"s, "\n"s, "\0"s, "\xff"s, "\xed\xa0\x80"s, ""s})
    CAF_CHECK(!pattern.text_of("delta", openai(inside)));
}

CAF_TEST(a text whose place is in doubt is not learned) {
  auto check_not_learned = [](const std::string& data, std::string_view text, const std::string& other) {
    CAF_CHECK(!learned(data, text).text_of("delta", other));
  };
  check_not_learned(openai("content"), "content", openai("x")); // it is a key as well
  check_not_learned(openai("Hello"), "Hell", openai("x"));      // not the whole string
  check_not_learned(openai("a") + " ", "a", openai("x") + " "); // no brace at the end
  check_not_learned(openai_padded("same", "same"), "same", openai_padded("x", "same"));
  // Another string has the bytes, for the text itself was escaped, or ill-formed.
  check_not_learned(openai_padded(R"(\u0041)", "A"), "A", openai_padded(R"(\u0041)", "x"));
  check_not_learned(openai_padded("\xff", "\xEF\xBF\xBD"), "\xEF\xBF\xBD", openai_padded("\xff", "x"));
}

CAF_TEST(the noise that a provider adds may differ) {
  auto pattern = learned(openai_padded("Hello", "6ycYfK4"), "Hello", "obfuscation");
  CAF_CHECK(pattern.text_of("delta", openai_padded("you", "cAefA")) == read_text{"you"});
  CAF_CHECK(pattern.text_of("delta", openai_padded("you", "")) == read_text{"you"});
  CAF_CHECK(!pattern.text_of("delta", openai_padded("you", R"(\")")));
  CAF_CHECK(!pattern.text_of("delta", openai_padded("you", R"(","error":")")));
  CAF_CHECK(!learned(openai_padded("Hello", "6ycYfK4"), "Hello").text_of("delta", openai_padded("you", "cAefA")));
}

CAF_TEST(spaces before the last brace may differ) {
  auto pattern = learned(anthropic("Hello", "   "), "Hello");
  CAF_CHECK(pattern.text_of("delta", anthropic("you")) == read_text{"you"});
  CAF_CHECK(pattern.text_of("delta", anthropic("you", "        ")) == read_text{"you"});
  CAF_CHECK(!pattern.text_of("delta", anthropic("you", " ,")));
}

CAF_TEST(a stream whose deltas are all different is not learned for ever) {
  delta_pattern pattern{{}};
  for (int i = 0; i < 100; ++i)
    pattern.learn("delta", openai("Hello") + std::string(static_cast<std::size_t>(i), ' ') + "}", event_kind::text, "Hello");
  pattern.learn("delta", openai("Hello"), event_kind::text, "Hello");
  CAF_CHECK(!pattern.text_of("delta", openai("you")));
}

CAF_TEST(one that fits now and then is learned anew each time) {
  delta_pattern pattern{{}};
  for (int i = 0; i < 100; ++i) {
    auto name = std::to_string(i);
    pattern.learn(name, openai("Hello"), event_kind::reasoning, "Hello");
    CAF_CHECK(pattern.text_of(name, openai("you")) == read_text{"you"});
  }
}

CAF_TEST(any text after any other is read as it is by the parser) {
  for (auto& first : insides)
    for (auto& second : insides) {
      auto end = event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})") + "data: [DONE]\n\n";
      check_same(provider_kind::openai, event(openai(first)) + event(openai(second)) + event(openai("x")) + end);
      check_same(provider_kind::openai, event(openai_padded(first, second)) + event(openai_padded(second, first)) + end);
      check_same(provider_kind::anthropic, event(anthropic(first, " ")) + event(anthropic(second)) + event(anthropic("x")));
    }
}

CAF_TEST(an event with a wrong byte is read as it is by the parser) {
  for_each_wrong_byte(openai_padded("Hello", "6yc"), [](const std::string& wrong) {
    check_same(provider_kind::openai, event(openai_padded("Hello", "6yc")) + event(wrong) + event(openai_padded("you", "")));
    check_same(provider_kind::openai, event(wrong) + event(openai_padded("you", "")));
  });
  for_each_wrong_byte(anthropic("Hello", "  "), [](const std::string& wrong) {
    check_same(provider_kind::anthropic, event(anthropic("Hello")) + event(wrong) + event(anthropic("you")));
    check_same(provider_kind::anthropic, event(wrong) + event(anthropic("you")));
  });
}

CAF_TEST(what an event says beside its text is said each time) {
  auto with_usage = [](std::string_view text) {
    return event(R"({"choices":[{"index":0,"delta":{"content":")" + std::string{text}
                 + R"("}}],"usage":{"prompt_tokens":5,"completion_tokens":1}})");
  };
  auto two_choices = [](std::string_view text) {
    return event(R"({"choices":[{"index":0,"delta":{"content":")" + std::string{text}
                 + R"("}},{"index":0,"delta":{"content":"b"}}]})");
  };
  auto finished = [](std::string_view text, std::string_view reason) {
    return event(R"({"choices":[{"index":0,"delta":{"content":")" + std::string{text} + R"("},"finish_reason":")"
                 + std::string{reason} + "\"}]}");
  };
  check_same(provider_kind::openai, with_usage("a") + with_usage("c") + "data: [DONE]\n\n");
  check_same(provider_kind::openai, two_choices("a") + two_choices("c") + "data: [DONE]\n\n");
  check_same(provider_kind::openai, finished("a", "stop") + finished("b", "length") + finished("c", "stop") + "data: [DONE]\n\n");
}
