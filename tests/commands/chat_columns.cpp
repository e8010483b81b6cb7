#define CAF_SUITE commands.chat_columns

#include "commands/chat/columns.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley::commands::chat;

namespace {

using lines = std::vector<std::string>;

lines texts(const std::vector<row>& rows) {
  lines result;
  for (auto& each : rows)
    result.push_back(to_text(each));
  return result;
}

std::string shown(const std::vector<row>& rows) {
  std::string result;
  for (auto& each : texts(rows))
    result += each + "\n";
  return result;
}

/// All of a text at that width, a line each.
std::string wrapped(std::string_view text, std::size_t width) {
  columns one{{"m"}};
  one[0].add_text(text);
  one[0].finish();
  auto rows = one.take_settled(width + 1);
  rows.erase(rows.begin()); // the name
  return shown(rows);
}

struct fixture {
  fixture() { use_utf8(); }

  columns two{{"a  Swift", "b  Sage"}};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(columns_tests, fixture)

CAF_TEST(text is broken between words) {
  CAF_CHECK_EQUAL(wrapped("the quick brown fox", 10), "the quick\nbrown fox\n");
  CAF_CHECK_EQUAL(wrapped("the quick  brown fox", 9), "the quick\nbrown fox\n");
  CAF_CHECK_EQUAL(wrapped("one\n\n  two", 10), "one\n\n  two\n");
}

CAF_TEST(a word that is wider than its column is broken where it must be) {
  CAF_CHECK_EQUAL(wrapped("abcdefghijkl", 5), "abcde\nfghij\nkl\n");
  CAF_CHECK_EQUAL(wrapped("a bcdefghij", 5), "a\nbcdef\nghij\n");
}

CAF_TEST(a line that is exactly full is one line) {
  CAF_CHECK_EQUAL(wrapped("abcde", 5), "abcde\n");
  CAF_CHECK_EQUAL(wrapped("abcde fghij", 5), "abcde\nfghij\n");
  CAF_CHECK_EQUAL(wrapped("abcde\nfghij", 5), "abcde\nfghij\n");
}

CAF_TEST(wide characters count two columns and may be parted anywhere) {
  CAF_CHECK_EQUAL(wrapped("日本語の文章", 5), "日本\n語の\n文章\n");
  CAF_CHECK_EQUAL(wrapped("ab日本", 5), "ab日\n本\n");
}

CAF_TEST(a combining character stays with its letter and a joined emoji whole) {
  CAF_CHECK_EQUAL(wrapped("abcde\u0301fg", 5), "abcde\u0301\nfg\n");
  CAF_CHECK_EQUAL(wrapped("x👩\u200d💻", 5), "x👩\u200d💻\n");
  CAF_CHECK_EQUAL(wrapped("xy 👩\u200d💻", 5), "xy\n👩\u200d💻\n");
}

CAF_TEST(answers stand side by side where the terminal is wide) {
  two[0].add_text("Hello there, I am the first of two, and quick to answer.\n");
  two[1].add_text("日本語 here.");
  two[0].add_note("0.1 s", tone::dim);
  two[0].finish();
  two[1].finish();
  CAF_CHECK_EQUAL(shown(two.take_settled(80)), //
                  "a  Swift                               │ b  Sage\n"
                  "Hello there, I am the first of two,    │ 日本語 here.\n"
                  "and quick to answer.                   │\n"
                  "0.1 s                                  │\n");
  CAF_CHECK(two.live(80, 10).empty());
}

CAF_TEST(answers stand one after the other where it is narrow whichever comes first) {
  two[1].add_text("I was first.");
  two[1].finish();
  CAF_CHECK_EQUAL(shown(two.take_settled(60)), "a  Swift\n");
  CAF_CHECK_EQUAL(shown(two.live(60, 10)), "…\nb  Sage: 12 characters so far\n");
  two[0].add_text("Me too.");
  two[0].finish();
  CAF_CHECK_EQUAL(shown(two.take_settled(60)), "Me too.\n\nb  Sage\nI was first.\n");
  CAF_CHECK(two.live(60, 10).empty());
}

CAF_TEST(what is handed out never comes again and is all of it) {
  std::string text = "The first line.\nThe second one is a little longer than the column.\n\n* three\n* four";
  std::string settled;
  for (auto c : text) {
    two[0].add_text({&c, 1});
    settled += shown(two.take_settled(80));
  }
  CAF_CHECK_EQUAL(settled, "a  Swift                               │ b  Sage\n"); // b has said nothing
  two[1].finish();
  for (auto again = 0; again < 2; ++again)
    settled += shown(two.take_settled(80));
  CAF_CHECK_EQUAL(shown(two.live(80, 10)), "* four                                 │\n");
  two[0].finish();
  settled += shown(two.take_settled(80));
  CAF_CHECK_EQUAL(settled, "a  Swift                               │ b  Sage\n"
                           "The first line.                        │\n"
                           "The second one is a little longer than │\n"
                           "the column.                            │\n"
                           "                                       │\n"
                           "* three                                │\n"
                           "* four                                 │\n");
}

CAF_TEST(of an answer that is far ahead the newest lines are live) {
  two[0].add_text("1\n2\n3\n4\n5");
  two[1].add_text("one");
  two.take_settled(80);
  CAF_CHECK_EQUAL(shown(two.live(80, 3)), "3                                      │ one\n"
                                          "4                                      │\n"
                                          "5                                      │\n");
}

CAF_TEST(after a change of the width what is still live is laid out anew) {
  two[0].add_text("a line that fits into thirty-eight columns and goes on");
  two[1].add_text("short");
  two.take_settled(100);
  CAF_CHECK_EQUAL(
    shown(two.live(100, 10)),
    "a line that fits into thirty-eight columns and   │ short\ngoes on                                          │\n");
  CAF_CHECK_EQUAL(shown(two.take_settled(40)), "\na  Swift\na line that fits into thirty-eight\n");
  CAF_CHECK_EQUAL(shown(two.live(40, 10)), "columns and goes on\nb  Sage: 5 characters so far\n");
}

CAF_TEST(an answer that begins again says so where some of it stands already) {
  columns one{{"m"}};
  one[0].add_text("void\nand");
  one.take_settled(40);
  one[0].restart();
  one[0].add_text("new");
  one[0].finish();
  CAF_CHECK_EQUAL(shown(one.take_settled(40)), "— it begins again —\nnew\n");
  columns unseen{{"m"}};
  unseen[0].add_text("void");
  unseen.take_settled(40);
  unseen[0].restart();
  unseen[0].add_text("new");
  unseen[0].finish();
  CAF_CHECK_EQUAL(shown(unseen.take_settled(40)), "new\n");
}

CAF_TEST(reasoning is dim and an empty line apart and headings and code have their looks) {
  columns one{{"m"}};
  one[0].add_reasoning("hm");
  one[0].add_text("# Big\n```\n# no heading\n```\nplain");
  one[0].finish();
  auto rows = one.take_settled(40);
  CAF_CHECK_EQUAL(shown(rows), "m\nhm\n\n# Big\n```\n# no heading\n```\nplain\n");
  CAF_CHECK(rows[1].cells[0].front().look == tone::dim);
  CAF_CHECK(rows[3].cells[0].back().look == tone::strong);
  CAF_CHECK(rows[5].cells[0].front().look == tone::code);
  CAF_CHECK(rows[7].cells[0].back().look == tone::plain);
}

CAF_TEST(on a terminal each column begins at its place and colours end with their text) {
  two[0].add_note("sad", tone::trouble);
  two[0].finish();
  two[1].finish();
  auto rows = two.take_settled(80);
  CAF_CHECK_EQUAL(to_terminal(rows[1], true), "\x1b[0;31msad\x1b[0m" + std::string(35, ' ') + "\x1b[39G │");
  CAF_CHECK_EQUAL(to_terminal(rows[1], false), "sad" + std::string(35, ' ') + "\x1b[39G │");
}

CAF_TEST_FIXTURE_SCOPE_END()
