#define CAF_SUITE config.logging

#include "config/logging.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley::config;

CAF_TEST(the facts at the front of a line become fields) {
  CAF_CHECK_EQUAL(json_line("t", "info", "request=1f method=GET status=200 a client left"),
                  R"({"time":"t","level":"info","request":"1f","method":"GET","status":"200","message":"a client left"})");
  CAF_CHECK_EQUAL(json_line("t", "info", "request=1f"), R"({"time":"t","level":"info","request":"1f"})");
}

CAF_TEST(a sentence stays a sentence) {
  CAF_CHECK_EQUAL(json_line("t", "warn", "it is a=b"), R"({"time":"t","level":"warn","message":"it is a=b"})");
  CAF_CHECK_EQUAL(json_line("t", "warn", "=x A=y"), R"({"time":"t","level":"warn","message":"=x A=y"})");
}

CAF_TEST(a line can neither forge a field nor break the format) {
  CAF_CHECK_EQUAL(json_line("t", "info", "level=error"), R"({"time":"t","level":"info","message":"level=error"})");
  CAF_CHECK_EQUAL(json_line("t", "info", "a\"b\n\xff"),
                  "{\"time\":\"t\",\"level\":\"info\",\"message\":\"a\\\"b\\n\xEF\xBF\xBD\"}");
}
