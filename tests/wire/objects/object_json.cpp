#define CAF_SUITE wire.objects.object_json

#include "wire/objects/object_json.hpp"

#include "tests/support/broken.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley;
using namespace parley::wire;
using namespace std::string_literals;

CAF_TEST(JSON text is what the library itself would write) {
  auto check = [](const json_object& what) {
    CAF_CHECK_EQUAL(to_text(what), what.dump(-1, ' ', false, json_object::error_handler_t::replace));
  };
  for (auto text : {"null", "true", "-5", "18446744073709551615", "1.5", "1e300", "[]", "{}", "[[]]", "{\"\":{}}",
                    "[1,\"a\",null]", R"({"b":1,"a":[{"c":"d"},{}],"quote\"\n":"\u0000"})"})
    check(json_object::parse(text));
  for (int value = 0; value < 256; ++value)
    for (auto* around : {"", "12345678"}) {
      auto text = around + std::string(1, static_cast<char>(value)) + around;
      check(text);
      if (value < 0x80)
        check({{text, text}});
    }
  check("wörld 世界 😀");
  check("\xed\xa0\x80 \xf0\x9f \xc0\x80"s);
}

CAF_TEST(a blind answer that names its provider breaks it and is not written) {
  message answer;
  answer.role = message_role::assistant;
  answer.blind = true;
  answer.model = model_label{"gpt", "GPT"};
  answer.tool_calls = {{"tool-1", "weather", "{}"}};
  auto written = to_json(answer);
  CAF_CHECK_EQUAL(written["model"], json_object{});
  answer.tool_calls = {{"toolu_01", "weather", "{}"}};
  CAF_CHECK(test::breaks("nothing that is read of a blind answer tells its model", [&] { to_json(answer); }));
  answer.blind = false;
  CAF_CHECK_EQUAL(test::broken_by([&] { to_json(answer); }), "-");
}
