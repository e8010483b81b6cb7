#define CAF_SUITE config.command_line

#include "config/command_line.hpp"

#include <caf/test/unit_test.hpp>

using namespace parley::config;

namespace {

command_line parse(std::vector<std::string> arguments) {
  return parse_command_line(std::move(arguments), "1.2.3");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(flags become overrides in their order) {
  auto line = parse({"serve", "--config", "a.toml", "--listen", "127.0.0.1:1", "--data=d", "--set", "log.level=warn", "--set",
                     "server.allowed_hosts=a,b=c"});
  CAF_CHECK(line.what == command::serve);
  CAF_CHECK_EQUAL(line.config_file, "a.toml");
  std::string all;
  for (auto& [flag, option, text] : line.overrides)
    all += flag + " " + option + " " + text + "\n";
  CAF_CHECK_EQUAL(all, "--listen server.listen 127.0.0.1:1\n--data server.data_dir d\n--set log.level warn\n"
                       "--set server.allowed_hosts a,b=c\n");
}

CAF_TEST(both commands take the same flags) {
  CAF_CHECK(parse({"check-config", "--log-format", "json"}).what == command::check_config);
}

CAF_TEST(what is asked for is said with status 0) {
  CAF_CHECK_EQUAL(parse({"--version"}).text, "parley 1.2.3\n");
  CAF_CHECK_EQUAL(parse({"--version"}).status, 0);
  CAF_CHECK(has(parse({"--help"}).text, "check-config"));
  CAF_CHECK(has(parse({"serve", "--help"}).text, "--listen ADDRESS:PORT"));
  CAF_CHECK_EQUAL(parse({"serve", "--help"}).status, 0);
}

CAF_TEST(a wrong command line is explained with status 2) {
  for (auto& line : {parse({}), parse({"srve"}), parse({"serve", "--lisen", "x"}), parse({"serve", "--set", "x"}),
                     parse({"serve", "--listen"})}) {
    CAF_CHECK(line.what == command::say);
    CAF_CHECK_EQUAL(line.status, 2);
    CAF_CHECK(!line.text.empty());
  }
}

CAF_TEST(each short flag is an option of the file) {
  settings any;
  for (auto flag : {"--listen", "--data", "--threads", "--log-level", "--log-format"}) {
    auto line = parse({"serve", flag, "x"});
    CAF_REQUIRE_EQUAL(line.overrides.size(), 1u);
    auto options = options_of(any);
    auto known = [&](const option& each) { return each.name == line.overrides[0].option; };
    CAF_CHECK(std::any_of(options.begin(), options.end(), known));
  }
}

CAF_TEST(a file that is not there is an error that names it) {
  auto loaded = load_settings(parse({"serve", "--config", "/none/such.toml"}));
  CAF_REQUIRE(!loaded);
  CAF_CHECK(has(loaded.error().message, "/none/such.toml"));
}

CAF_TEST(a question to models is what is left of the words) {
  auto line = parse({"chat", "--model", "a", "-m", "b", "--server", "https://x", "What", "is it?"});
  CAF_CHECK(line.what == command::chat);
  CAF_CHECK_EQUAL(line.chat.models, (std::vector<std::string>{"a", "b"}));
  CAF_CHECK_EQUAL(line.chat.question, (std::vector<std::string>{"What", "is it?"}));
  CAF_CHECK_EQUAL(line.chat.server, "https://x");
  CAF_CHECK_EQUAL(parse({"chat"}).chat.server, "http://127.0.0.1:8080");
  CAF_CHECK_EQUAL(parse({"chat", "--session", "x", "--model", "a"}).status, 2);
}
