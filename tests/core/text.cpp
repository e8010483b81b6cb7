#define CAF_SUITE core.text

#include "core/text.hpp"

#include <caf/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace std::string_literals;

namespace {

const std::string fffd = "\xEF\xBF\xBD";

/// What a strict parser would be given for that JSON text.
std::string repaired(const std::string& json) {
  std::string out = "untouched";
  if (repair_json_text(json, out))
    return out;
  return out == "untouched" ? json : "wrote, but said it did not";
}

/// The text as a JSON string's inside.
std::string escaped(std::string_view text) {
  std::string out;
  append_json_escaped(out, text);
  return out;
}

} // namespace

CAF_TEST(well formed text is clean and stays as it is) {
  // The first and last of each length, a zero-width joiner sequence, a noncharacter.
  for (auto& text : {""s, "a"s, "hello, world, and a few more words"s, "\x01\x7f"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s,
                     "\xED\x9F\xBF"s, "\xEE\x80\x80"s, "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s,
                     "👩‍👩‍👧"s, "exactly8"s, "Grüße, 世界! 𝄞 clef"s, fffd}) {
    if (!is_clean_text(text) || to_clean_text(text) != text)
      CAF_ERROR(text);
  }
}

CAF_TEST(each maximal ill formed part becomes one replacement character) {
  std::vector<std::pair<std::string, std::string>> cases{
    {"\x80", fffd},                                  // a continuation alone
    {"\xC0\xAF", fffd + fffd},                       // overlong
    {"\xE0\x80\x80", fffd + fffd + fffd},            // overlong
    {"\xED\xA0\x80", fffd + fffd + fffd},            // a surrogate
    {"\xF4\x90\x80\x80", fffd + fffd + fffd + fffd}, // beyond U+10FFFF
    {"\xFF", fffd},                                  //
    {"\xE2\x82", fffd},                              // cut off
    {"\xF0\x9F\x98", fffd},                          // cut off
    {"\xE2\x82"s + "a", fffd + "a"},                 // cut off by an ASCII character
    {"\xF0\x9F\x98\xE2\x82\xAC", fffd + "€"},        // cut off by the next one
    {"long enough for words \xFF and more", "long enough for words " + fffd + " and more"},
    {"a\0b"s, "a" + fffd + "b"},                              // NUL
    {"\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"s, // Unicode 15, table 3-8
     "a" + fffd + fffd + fffd + "b" + fffd + "c" + fffd + fffd + "d"},
  };
  for (auto& [bytes, text] : cases) {
    CAF_CHECK(!is_clean_text(bytes));
    CAF_CHECK_EQUAL(to_clean_text(bytes), text);
    CAF_CHECK(is_clean_text(to_clean_text(bytes)));
  }
}

CAF_TEST(an ill formed byte is found at every place of a longer text) {
  for (std::size_t length = 1; length < 40; ++length)
    for (std::size_t at = 0; at < length; ++at)
      for (auto wrong : {'\0', '\x80', '\xC3', '\xFF'}) {
        std::string text(length, 'x');
        text[at] = wrong;
        if (is_clean_text(text))
          CAF_ERROR("missed at " << at << " of " << length);
      }
}

CAF_TEST(JSON that is fine is left alone) {
  for (auto& json : {R"({"a":"plain"})"s, R"({"a":"\u00e9 \ud83d\ude00 \\ud800 \\\\u0000 \n"})"s, R"("\\")"s, ""s, "\\"s, "\\u"s,
                     "\\u00"s, R"("\uD83D\uDE00")"s})
    CAF_CHECK_EQUAL(repaired(json), json);
}

CAF_TEST(escaped lone surrogates and NULs become replacement characters) {
  std::vector<std::pair<std::string, std::string>> cases{
    {R"("\ud800")", R"("\ufffd")"},
    {R"("\udc00")", R"("\ufffd")"},
    {R"("\uDFFF!")", R"("\ufffd!")"},
    {R"("\ude00\ud83d")", R"("\ufffd\ufffd")"},
    {R"("\ud83d\ud83d\ude00")", R"("\ufffd\ud83d\ude00")"},
    {R"("\ud83d\u0041")", R"("\ufffd\u0041")"},
    {R"("\ud83dx\ude00")", R"("\ufffdx\ufffd")"},
    {R"("\ud83d\n\ude00")", R"("\ufffd\n\ufffd")"},
    {R"("\\\ud800")", R"("\\\ufffd")"},
    {R"("\u0000")", R"("\ufffd")"},
    {R"("\ud800\u0000")", R"("\ufffd\ufffd")"},
    {R"(\ud800)", R"(\ufffd)"},
    {R"("\ud83d\)", R"("\ufffd\)"},
    {R"("\ud83d\u)", R"("\ufffd\u)"},
    {"\"\xFF\"", "\"" + fffd + "\""},
    {"\"\xFF \\ud800\"", "\"" + fffd + " \\ufffd\""},
    {"\"\0\""s, "\"" + fffd + "\""},
  };
  for (auto& [json, mended] : cases)
    CAF_CHECK_EQUAL(repaired(json), mended);
}

CAF_TEST(text is escaped as JSON demands and no further) {
  CAF_CHECK_EQUAL(escaped(""), "");
  CAF_CHECK_EQUAL(escaped("plain / 世界 😀 \x7f"), "plain / 世界 😀 \x7f");
  CAF_CHECK_EQUAL(escaped("\"\\\n\r\t\b\f"), R"(\"\\\n\r\t\b\f)");
  CAF_CHECK_EQUAL(escaped("\x01\x1f"), R"(\u0001\u001f)");
  CAF_CHECK_EQUAL(escaped("a\"b\"c"), R"(a\"b\"c)");
}

CAF_TEST(each byte is escaped alike wherever it stands) {
  for (int value = 1; value < 0x80; ++value)
    for (std::size_t at = 0; at < 20; ++at) {
      auto byte = std::string(1, static_cast<char>(value));
      auto alone = escaped(byte);
      auto before = std::string(at, 'x');
      auto after = std::string(20 - at, 'x');
      CAF_CHECK_EQUAL(escaped(before + byte + after), before + alone + after);
      CAF_CHECK_EQUAL(is_plain_in_json(before + byte + after), alone == byte);
    }
}

CAF_TEST(a title is the beginning of a text on one line) {
  CAF_CHECK_EQUAL(title_of(""), "");
  CAF_CHECK_EQUAL(title_of(" \n\t "), "");
  CAF_CHECK_EQUAL(title_of("  Hello,\r\n\n  world  "), "Hello, world");
  CAF_CHECK_EQUAL(title_of("12345", 5), "12345");
  CAF_CHECK_EQUAL(title_of("12345 \n", 5), "12345");
  CAF_CHECK_EQUAL(title_of("123456", 5), "12345…");
  CAF_CHECK_EQUAL(title_of("1234 6", 5), "1234…");
  CAF_CHECK_EQUAL(title_of("世界世界", 2), "世界…");
  CAF_CHECK_EQUAL(title_of(std::string(1000, 'x')), std::string(80, 'x') + "…");
}
