#define CAF_SUITE commands.chat_text

#include "commands/chat/text.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley::commands::chat;

CAF_TEST(text that drives no terminal stays as it is) {
  for (auto text : {"plain", "two\nlines\tand a tab", "grüße, 日本語, e\u0301, 👩\u200d💻"})
    CAF_CHECK_EQUAL(harmless_text(text), text);
}

CAF_TEST(an escape sequence becomes letters that can be seen) {
  CAF_CHECK_EQUAL(harmless_text("\x1b[2Jgone\x07"), "␛[2Jgone␇");
  CAF_CHECK_EQUAL(harmless_text("\x1b]52;c;aGk=\x1b\\"), "␛]52;c;aGk=␛\\");
  CAF_CHECK_EQUAL(harmless_text("\b\x7f"), "␈␡");
}

CAF_TEST(the controls of one byte that begin sequences on some terminals are none any more) {
  CAF_CHECK_EQUAL(harmless_text("\u009b2J\u0090"), "\ufffd2J\ufffd");
}

CAF_TEST(bytes that are no text are none on the terminal either) {
  CAF_CHECK_EQUAL(harmless_text("a\x9b\xff"), "a\ufffd\ufffd");
}

CAF_TEST(nothing turns the direction of writing or goes back to the beginning of a line) {
  CAF_CHECK_EQUAL(harmless_text("abc\u202etxt\u2066.exe\rover\r\n"), "abctxt.exeover\n");
  CAF_CHECK_EQUAL(harmless_text("one\u2028two\u2029"), "one\ntwo\n");
}

CAF_TEST(letters have the widths that terminals give them) {
  use_utf8();
  for (auto code : {U'a', U'é', U'ж', U'│'})
    CAF_CHECK_EQUAL(width_of(code), 1);
  for (auto code : {U'日', U'한', U'。', U'🚀'})
    CAF_CHECK_EQUAL(width_of(code), 2);
  for (auto code : {U'\u0301', U'\u200d', U'\ufe0f'})
    CAF_CHECK_EQUAL(width_of(code), 0);
}
