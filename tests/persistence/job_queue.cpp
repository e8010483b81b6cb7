#define CAF_SUITE persistence.job_queue

#include "persistence/job_queue.hpp"

#include <caf/test/unit_test.hpp>

#include <numeric>
#include <thread>

using namespace parley::persistence;
using namespace std::chrono_literals;

namespace {

/// Its patience is longer than any test may take.
struct fixture {
  static constexpr auto enough = static_cast<int>(job_queue<int>::enough_soon);

  bool soon(int job, std::size_t weight = 1) { return queue.push(std::move(job), weight, urgency::soon); }

  bool at_once(int job, std::size_t weight = 1) { return queue.push(std::move(job), weight); }

  static std::vector<int> numbers(int from, int count) {
    std::vector<int> result(static_cast<std::size_t>(count));
    std::iota(result.begin(), result.end(), from);
    return result;
  }

  job_queue<int> queue{10'000, 1h};
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(job_queue_tests, fixture)

CAF_TEST(what is to be done at once goes first and takes others along) {
  soon(1);
  soon(2);
  at_once(3);
  soon(4);
  at_once(5);
  CAF_CHECK_EQUAL(queue.take(), (std::vector{3, 5, 1, 2, 4}));
}

CAF_TEST(few of those that can wait go along with what is to be done at once) {
  for (int i = 0; i < enough; ++i)
    soon(i);
  at_once(-1);
  CAF_CHECK_EQUAL(queue.take().size(), 1u + job_queue<int>::taken_along);
}

CAF_TEST(what can wait is taken together once it is enough) {
  std::thread later{[this] {
    for (int i = 0; i < enough; ++i)
      soon(i);
  }};
  CAF_CHECK_EQUAL(queue.take(), numbers(0, enough));
  later.join();
}

CAF_TEST(what can wait is taken after the patience of the queue) {
  job_queue<int> impatient{10, 1ms};
  impatient.push(1, 1, urgency::soon);
  CAF_CHECK_EQUAL(impatient.take(), std::vector{1});
}

CAF_TEST(what is to be done at once waits for no more than a part of the others) {
  for (int i = 0; i < 10 * enough; ++i)
    soon(i);
  CAF_CHECK_EQUAL(queue.take(), numbers(0, 5 * enough)); // the more wait, the more are taken
  at_once(-1);
  auto taken = queue.take();
  CAF_CHECK_EQUAL(taken.size(), 1u + 5 * enough / 8);
  CAF_CHECK_EQUAL(taken.front(), -1);
  CAF_CHECK_EQUAL(taken[1], 5 * enough);
}

CAF_TEST(what waits and what is being done has room up to the capacity) {
  CAF_CHECK(soon(1, 4'000));
  CAF_CHECK(at_once(2, 4'000));
  CAF_CHECK(!at_once(3, 2'001));
  CAF_CHECK_EQUAL(queue.take().size(), 2u);
  CAF_CHECK(!soon(4, 2'001));
  CAF_CHECK(at_once(5, 2'000));
  queue.done();
  CAF_CHECK(soon(6, 8'000));
  CAF_CHECK(!soon(7, 1));
  CAF_CHECK(at_once(8, 0));
}

CAF_TEST(a job that is alone is never too heavy) {
  CAF_CHECK(soon(1, 20'000));
  CAF_CHECK(!soon(2, 1));
  CAF_CHECK_EQUAL(queue.take(), std::vector{1});
  CAF_CHECK(!soon(2, 1));
  queue.done();
  CAF_CHECK(soon(2, 1));
}

CAF_TEST(half the capacity asks for no patience) {
  soon(1, 5'001);
  CAF_CHECK_EQUAL(queue.take(), std::vector{1});
}

CAF_TEST(what is withdrawn will not be done and has no weight) {
  soon(1, 5'000);
  at_once(2, 5'000);
  CAF_CHECK_EQUAL(queue.withdraw(), (std::vector{2, 1}));
  CAF_CHECK(at_once(3, 10'000));
  CAF_CHECK_EQUAL(queue.take(), std::vector{3});
}

CAF_TEST(a closed queue takes nothing more and gives out all it has) {
  for (int i = 0; i < 3 * enough; ++i)
    soon(i);
  queue.close();
  CAF_CHECK(!at_once(-1));
  std::vector<int> taken;
  for (auto part = queue.take(); !part.empty(); part = queue.take())
    taken.insert(taken.end(), part.begin(), part.end());
  CAF_CHECK_EQUAL(taken, numbers(0, 3 * enough));
}

CAF_TEST_FIXTURE_SCOPE_END()
