#define CAF_SUITE net.server.frame_queue

#include "net/server/frame_queue.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::net;

namespace {

frame_ptr frames_of(std::initializer_list<std::string_view> payloads) {
  auto result = std::make_shared<std::string>();
  for (auto payload : payloads)
    wire::append_text_frame(*result, payload);
  return result;
}

} // namespace

CAF_TEST(frames come one by one and count until their delivery is done) {
  frame_queue queue;
  auto two = frames_of({"a", "b"});
  auto one = frames_of({"c"});
  CAF_CHECK(queue.push(two));
  CAF_CHECK(!queue.push(one));
  CAF_CHECK_EQUAL(queue.bytes(), two->size() + one->size());
  CAF_CHECK_EQUAL(queue.take_payload(), "a");
  queue.written();
  CAF_CHECK_EQUAL(queue.bytes(), two->size() + one->size());
  CAF_CHECK_EQUAL(queue.take_payload(), "b");
  queue.written();
  CAF_CHECK_EQUAL(queue.bytes(), one->size());
  CAF_CHECK_EQUAL(queue.take_payload(), "c");
  queue.written();
  CAF_CHECK(queue.empty());
  CAF_CHECK_EQUAL(queue.bytes(), 0u);
}

CAF_TEST(nothing is taken from an empty queue) {
  frame_queue queue;
  queue.push(frames_of({"a"}));
  queue.clear();
  CAF_CHECK_EQUAL(queue.bytes(), 0u);
  CAF_CHECK(test::breaks("frames are taken from a queue that has some", [&] { queue.take_payload(); }));
}
