#define CAF_SUITE wire.streams.answer_row

#include "wire/streams/answer_row.hpp"

#include "tests/wire/streams/played_run.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::test;

namespace {

/// Of each event its part, `!` if it opens it, and the parts that end before it: `1! -0`.
std::string parts(const events& all) {
  played_run run{all};
  std::string result;
  for (std::size_t i = 0; i < run.size(); ++i) {
    auto at = run.place(i);
    result += (i > 0 ? ", " : "") + std::to_string(at.part) + (at.opens ? "!" : "");
    for (auto& ended : at.ends)
      result += " -" + std::to_string(ended.part);
  }
  return result;
}

std::vector<std::uint64_t> numbers(const events& all) {
  played_run run{all};
  std::vector<std::uint64_t> result;
  for (std::size_t i = 0; i < run.size(); ++i)
    result.push_back(run.place(i).sequence);
  return result;
}

using list = std::vector<std::uint64_t>;
using row = std::vector<answer_stretch>;

constexpr auto of_text = stretch_kind::text;
constexpr auto of_reasoning = stretch_kind::reasoning;
constexpr auto of_arguments = stretch_kind::arguments;
constexpr auto whole_call = stretch_kind::whole_call;

} // namespace

CAF_TEST(a part goes on until another begins) {
  CAF_CHECK_EQUAL(parts({reasoning("a"), reasoning("b"), text("c"), text("d"), reasoning("e"), ends()}),
                  "0!, 0, 1! -0, 1, 2! -1, 3 -2");
  CAF_CHECK_EQUAL(parts({ends()}), "0");
}

CAF_TEST(a call ends where the next part begins if its arguments are whole) {
  CAF_CHECK_EQUAL(
    parts({text("a"), begins(0), grows(0, "{\"a\":"), grows(0, "1}"), begins(1), grows(1, "{}"), text("b"), ends()}),
    "0!, 1! -0, 1, 1, 2! -1, 2, 3! -2, 4 -3");
  // One that was told whole can't grow, whatever its arguments are.
  CAF_CHECK_EQUAL(parts({begins(0), grows(0, "{\"a"), whole(0, "{\"a"), begins(1), ends()}), "0!, 0, 0, 1! -0, 2 -1");
}

CAF_TEST(calls that grow side by side are parts that are open side by side) {
  CAF_CHECK_EQUAL(parts({begins(0), grows(0, "{\"a\":"), begins(1), grows(1, "{"), grows(0, "1}"), grows(1, "}"), whole(0, "{}"),
                         whole(1, "{}"), ends()}),
                  "0!, 0, 1!, 1, 0, 1, 0, 1, 2 -0 -1");
  // The first is whole when the third begins, the second isn't.
  CAF_CHECK_EQUAL(parts({begins(0), begins(1), grows(0, "{}"), begins(2), grows(1, "{}"), grows(2, "{}"), ends()}),
                  "0!, 1!, 0, 2! -0, 1, 2, 3 -1 -2");
}

CAF_TEST(a text goes on beside a call that still grows) {
  CAF_CHECK_EQUAL(parts({begins(0), text("a"), grows(0, "{"), text("b"), grows(0, "}"), reasoning("c"), ends()}),
                  "0!, 1!, 0, 1, 0, 2! -0 -1, 3 -2");
}

CAF_TEST(a call told whole at once is no part) {
  CAF_CHECK_EQUAL(parts({text("a"), whole(0, "{}"), whole(1, "{}"), text("b"), ends()}), "0!, 0, 0, 0, 1 -0");
}

CAF_TEST(after a restart parts are counted anew) {
  CAF_CHECK_EQUAL(parts({text("a"), begins(0), {0, answer_restart{}}, begins(0), grows(0, "{}"), text("b"), ends()}),
                  "0!, 1! -0, 1 -1, 0!, 0, 1! -0, 2 -1");
}

CAF_TEST(there are as many parts as an answer has) {
  events all;
  for (int i = 0; i < 50'000; ++i) {
    all.push_back(reasoning("a"));
    all.push_back(text("b"));
  }
  played_run run{all};
  CAF_CHECK(run.place(99'999).part == 99'999);
  CAF_CHECK(run.place(70'000).part == 70'000);
  CAF_CHECK(run.place(70'000).opens);
}

CAF_TEST(an event has the number of its last byte) {
  //                       8 and 8 before it; 8 behind it and 8 before the next
  CAF_CHECK(numbers({text("Hi"), text(" there"), reasoning("Hm"), ends()}) == (list{18, 24, 42, 58}));
  CAF_CHECK(numbers({begins(0), grows(0, "{"), grows(0, "}"), whole(0, "{}"), ends()}) == (list{16, 17, 18, 34, 50}));
  CAF_CHECK(numbers({{0, answer_restart{}}, text("Hi")}) == (list{0, 18}));
}

CAF_TEST(numbers rise whatever comes) {
  auto all = events{reasoning("a"), text("b"), begins(0),     begins(1),      grows(1, "c"),
                    grows(0, "d"),  text("e"), grows(1, "f"), whole(1, "cf"), ends()};
  auto given = numbers(all);
  for (std::size_t i = 1; i < given.size(); ++i)
    CAF_CHECK(given[i] > given[i - 1]);
}

CAF_TEST(numbers are the same however deltas were split) {
  CAF_CHECK(numbers({text("Hi there"), begins(0), grows(0, "{}"), ends()}).back()
            == numbers({text("H"), text("i there"), begins(0), grows(0, "{"), grows(0, "}"), ends()}).back());
}

CAF_TEST(a finish leaves room for each call that was not told whole) {
  CAF_CHECK(numbers({begins(0), begins(1), ends()}).back()
            == numbers({begins(0), begins(1), whole(0, ""), whole(1, ""), ends()}).back());
}

CAF_TEST(participants are counted apart) {
  CAF_CHECK(numbers({text("a", 0), text("b", 1), text("c", 0), ends(1)}) == (list{17, 17, 18, 33}));
}

CAF_TEST(the row of stretches is that since the last restart) {
  played_run run{{text("void"),
                  {0, answer_restart{}},
                  reasoning("Hm"),
                  text("o"),
                  text("ne"),
                  begins(0),
                  begins(1),
                  grows(0, "12"),
                  grows(0, "3"),
                  grows(1, "4"),
                  whole(0, "123"),
                  text("two"),
                  ends()}};
  CAF_CHECK(run.row(0).stretches()
            == (row{{of_reasoning, 0, 2},
                    {of_text, 0, 3},
                    {of_arguments, 0, 0},
                    {of_arguments, 1, 0},
                    {of_arguments, 0, 3},
                    {of_arguments, 1, 1},
                    {whole_call, 0, 0},
                    {of_text, 0, 3}}));
}
