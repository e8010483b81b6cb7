#define CAF_SUITE config.settings

#include "config/settings.hpp"
#include "config/catalogue_file.hpp"

#include <caf/test/unit_test.hpp>
#include <toml++/toml.h>

using namespace parley;
using namespace parley::config;

namespace {

constexpr std::string_view own_demo = R"(
[[providers]]
name = "p"
kind = "demo"
)";

expected<loaded_settings> load(std::string_view text, environment variables = {}, std::vector<override_value> overrides = {}) {
  return load_settings({std::string{text}, "my.toml", std::move(variables), std::move(overrides)});
}

settings good(std::string_view text, environment variables = {}, std::vector<override_value> overrides = {}) {
  auto loaded = load(text, std::move(variables), std::move(overrides));
  if (!loaded)
    CAF_FAIL(loaded.error().message);
  return loaded->values;
}

/// All complaints; empty if there is none.
std::string complaints(std::string_view text, environment variables = {}, std::vector<override_value> overrides = {}) {
  auto loaded = load(text, std::move(variables), std::move(overrides));
  return loaded ? "" : loaded.error().message;
}

std::vector<std::string> warnings(std::string_view text, environment variables = {}) {
  auto loaded = load(text, std::move(variables));
  if (!loaded)
    CAF_FAIL(loaded.error().message);
  return loaded->warnings;
}

bool has(std::string_view text, std::string_view part) {
  if (text.find(part) != std::string_view::npos)
    return true;
  CAF_MESSAGE("missing \"" << std::string{part} << "\" in \"" << std::string{text} << "\"");
  return false;
}

std::string model_of(std::string_view id, std::string_view more = {}) {
  return "[[models]]\nid = \"" + std::string{id} + "\"\nprovider = \"p\"\n" + std::string{more} + "\n";
}

std::string remote(std::string_view more) {
  return "[[providers]]\nname = \"p\"\nkind = \"openai\"\n" + std::string{more} + "\n[[models]]\nid = \"m\"\nprovider = \"p\"\n";
}

} // namespace

// == The shipped file ================================================================================================

CAF_TEST(the shipped file writes every option with its default) {
  auto file = toml::parse(builtin_file());
  settings plain;
  auto shipped = good(builtin_file());
  auto from_code = options_of(plain);
  auto from_file = options_of(shipped);
  for (std::size_t i = 0; i < from_code.size(); ++i) {
    CAF_CHECK_EQUAL(show(from_code[i]), show(from_file[i]));
    if (!file.at_path(from_code[i].name))
      CAF_ERROR("not in the file: " << std::string{from_code[i].name});
  }
}

CAF_TEST(the shipped file names every option of providers and models) {
  provider_entry provider;
  model_entry model;
  for (auto& options : {options_of(provider), options_of(model)})
    for (auto& each : options)
      CAF_CHECK(has(builtin_file(), "\n# " + std::string{each.name} + " "));
}

CAF_TEST(the clocks that the shipped file names are the real ones) {
  // They stand in its comments, where nothing reads them.
  provider_entry provider;
  for (auto& each : options_of(provider))
    if (each.name.ends_with("_timeout"))
      CAF_CHECK(has(builtin_file(), "\n# " + std::string{each.name} + " = " + show(each) + " "));
}

CAF_TEST(without a file and without keys the demo models are available and the others are not ) {
  auto loaded = good(builtin_file());
  auto available = [&](std::string_view id) { return loaded.models.find(id)->available; };
  CAF_CHECK(available("demo-swift"));
  CAF_CHECK(available("demo-thoughtful"));
  CAF_CHECK(!available("gpt-4.1"));
  CAF_CHECK(!available("claude-sonnet-4-5"));
}

CAF_TEST(a provider comes alive with its key in the environment) {
  auto loaded = good(builtin_file(), {{"OPENAI_API_KEY", "sk-1"}, {"ANTHROPIC_API_KEY", ""}});
  CAF_CHECK(loaded.models.find("gpt-4.1")->available);
  CAF_CHECK_EQUAL(loaded.models.find("gpt-4.1")->at->api_key, "sk-1");
  CAF_CHECK(!loaded.models.find("claude-sonnet-4-5")->available);
}

// == Values ==========================================================================================================

CAF_TEST(a file changes what it names and nothing else) {
  auto loaded = good("[http]\nmax_body_bytes = \"2MiB\"\nidle_timeout = \"250ms\"\n[limits]\ncheckpoint_bytes = 4096\n");
  CAF_CHECK_EQUAL(loaded.http.max_body_bytes, 2u * 1024 * 1024);
  CAF_CHECK_EQUAL(loaded.http.idle_timeout.count(), 250);
  CAF_CHECK_EQUAL(loaded.bounds.checkpoint_bytes, 4096u);
  CAF_CHECK_EQUAL(loaded.http.max_header_bytes, settings{}.http.max_header_bytes);
}

CAF_TEST(the environment wins over the file and a flag over both) {
  auto text = "[http]\nmax_body_bytes = 2048\n";
  CAF_CHECK_EQUAL(good(text, {{"PARLEY_HTTP_MAX_BODY_BYTES", "4KiB"}}).http.max_body_bytes, 4096u);
  CAF_CHECK_EQUAL(
    good(text, {{"PARLEY_HTTP_MAX_BODY_BYTES", "4KiB"}}, {{"--set", "http.max_body_bytes", "8192"}}).http.max_body_bytes, 8192u);
}

CAF_TEST(each kind of option can be set by a variable) {
  auto loaded = good("", {{"PARLEY_SERVER_BUILTIN_MODELS", "true"},
                          {"PARLEY_SERVER_THREADS", "3"},
                          {"PARLEY_SERVER_LISTEN", "[::1]:9"},
                          {"PARLEY_SERVER_ALLOWED_ORIGINS", "https://a.example, http://b.example:81"},
                          {"PARLEY_LIMITS_HEARTBEAT", "30s"}});
  CAF_CHECK_EQUAL(loaded.server.threads, 3);
  CAF_CHECK((loaded.address == endpoint{"::1", 9}));
  CAF_CHECK_EQUAL(loaded.server.allowed_origins, (text_list{"https://a.example", "http://b.example:81"}));
  CAF_CHECK_EQUAL(loaded.bounds.heartbeat.count(), 30'000);
}

CAF_TEST(variables expand with and without a default) {
  environment variables{{"NAME", "value"}, {"EMPTY", ""}};
  auto expanded = [&](std::string_view text) { return expand(text, variables).value_or("refused"); };
  CAF_CHECK_EQUAL(expanded("a ${NAME} b"), "a value b");
  CAF_CHECK_EQUAL(expanded("${NONE:-x}${EMPTY:-y}${NONE:-}"), "xy");
  CAF_CHECK_EQUAL(expanded("$$ $${NAME} $5 $"), "$ ${NAME} $5 $");
  CAF_CHECK_EQUAL(expanded("${NAME"), "refused");
  auto missing = expand("${NONE}", variables);
  CAF_REQUIRE(!missing);
  CAF_CHECK_EQUAL(missing.error().param, "NONE");
}

CAF_TEST(a missing variable is an error anywhere but in a key) {
  CAF_CHECK(
    has(complaints("[server]\ndata_dir = \"${NONE}\"\n"), "my.toml:2: server.data_dir needs the environment variable NONE"));
  CAF_CHECK_EQUAL(complaints(remote("base_url = \"https://a.example\"\napi_key = \"${NONE}\"")), "");
  CAF_CHECK(has(complaints(remote("base_url = \"${NONE}\"")), "NONE"));
}

CAF_TEST(an optional key leaves its provider available) {
  auto loaded = good(remote("base_url = \"http://127.0.0.1:8000/v1/\"\napi_key = \"${NONE:-}\""));
  CAF_CHECK(loaded.models.find("m")->available);
  CAF_CHECK_EQUAL(loaded.models.find("m")->at->base_url, "http://127.0.0.1:8000/v1");
}

// == What is refused =================================================================================================

CAF_TEST(an unknown option is told with its line and the nearest known one) {
  CAF_CHECK_EQUAL(complaints("\n[http]\nmax_body_byte = 1\n"),
                  "my.toml:3: unknown option max_body_byte in [http]; did you mean max_body_bytes?");
  CAF_CHECK_EQUAL(complaints("[htp]\n"), "my.toml:1: unknown section [htp]; did you mean [http]?");
  CAF_CHECK_EQUAL(complaints("[server]\nheartbeat = \"1s\"\n"),
                  "my.toml:2: unknown option heartbeat in [server]; did you mean heartbeat in [limits]?");
  CAF_CHECK_EQUAL(complaints("listen = \"127.0.0.1:1\"\n"), "my.toml:1: unknown option listen; did you mean listen in [server]?");
  CAF_CHECK(has(complaints("[[models]]\nid = \"m\"\nprovider = \"demo\"\nretry = 1\n"),
                "my.toml:4: unknown option retry in [[models]]; did you mean retries?"));
  CAF_CHECK(has(complaints("", {}, {{"--set", "http.max_bdy_bytes", "1"}}), "--set: unknown option http.max_bdy_bytes"));
}

CAF_TEST(a bad value is told with its line and its option) {
  CAF_CHECK(has(complaints("[http]\nidle_timeout = 10\n"), "my.toml:2: http.idle_timeout must be a duration with its unit"));
  CAF_CHECK(has(complaints("[http]\nidle_timeout = \"10 parsecs\"\n"), "my.toml:2: http.idle_timeout must be a duration"));
  CAF_CHECK(has(complaints("[http]\nmax_body_bytes = \"1MB\"\n"), "must be a number of bytes or a size with its unit"));
  CAF_CHECK(has(complaints("[http]\nmax_body_bytes = 1\n"), "must be between 1KiB and 1GiB"));
  CAF_CHECK(has(complaints("[server]\nthreads = -1\n"), "must be between 0 and 256"));
  CAF_CHECK(has(complaints("[server]\nthreads = \"two\"\n"), "must be a whole number"));
  CAF_CHECK(has(complaints("[server]\nallowed_hosts = \"a\"\n"), "must be a list of texts"));
  CAF_CHECK(has(complaints("[log]\nlevel = \"loud\"\n"), "my.toml:2: log.level must be one of \"trace\""));
  CAF_CHECK(has(complaints("[server]\nlisten = \"0.0.0.0:80\"\n"), "my.toml:2: server.listen must be a loopback address"));
  CAF_CHECK(has(complaints("[log\n"), "my.toml:1: "));
  CAF_CHECK(has(complaints("", {{"PARLEY_LOG_LEVEL", "loud"}}), "PARLEY_LOG_LEVEL: log.level must be one of"));
}

CAF_TEST(all complaints are told at once) {
  auto all = complaints("[http]\nidle_timeout = 10\nbody_timeout = 10\n", {}, {{"--listen", "server.listen", "nowhere"}});
  CAF_CHECK(has(all, "my.toml:2: "));
  CAF_CHECK(has(all, "\nmy.toml:3: "));
  CAF_CHECK(has(all, "\n--listen: server.listen must be ADDRESS:PORT"));
}

CAF_TEST(another address has to be allowed and is warned of) {
  CAF_CHECK((good("[server]\nlisten = \"0.0.0.0:80\"\nallow_remote = true\n").address == endpoint{"0.0.0.0", 80}));
  auto told = warnings("[server]\nlisten = \"0.0.0.0:80\"\nallow_remote = true\n");
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK(has(told[0], "whoever reaches 0.0.0.0:80 may read and write every session"));
  CAF_CHECK(warnings("[server]\nallow_remote = true\n").empty());
}

CAF_TEST(conversations are kept for an hour at least) {
  CAF_CHECK(good("[store]\nretention = \"90d\"\n").store.retention == std::chrono::hours{90 * 24});
  CAF_CHECK(good("[store]\nretention = \"0s\"\n").store.retention.count() == 0);
  CAF_CHECK(has(complaints("[store]\nretention = \"59min\"\n"), "my.toml:2: store.retention must be 0, or an hour at least"));
}

CAF_TEST(only loopback addresses are listened on) {
  for (auto text : {"127.0.0.1:8080", "127.1.2.3:0", "[::1]:80", "localhost:8080"})
    CAF_CHECK(parse_endpoint(text));
  for (auto text : {"0.0.0.0:8080", "[::]:8080", "10.0.0.1:8080", "example.org:80", ":8080", "[::ffff:10.0.0.1]:80"})
    CAF_CHECK(has(parse_endpoint(text).error().message, "loopback"));
  for (auto text : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "::1:80", "8080", ""})
    CAF_CHECK(!parse_endpoint(text));
  CAF_CHECK((parse_endpoint("localhost:1").value() == endpoint{"127.0.0.1", 1}));
}

CAF_TEST(TLS needs both files and they must be readable) {
  CAF_CHECK(has(complaints("[tls]\ncertificate = \"/dev/null\"\n"), "tls.key is missing"));
  CAF_CHECK(has(complaints("[tls]\nkey = \"/dev/null\"\n"), "tls.certificate is missing"));
  CAF_CHECK(has(complaints("[tls]\ncertificate = \"/none\"\nkey = \"/dev/null\"\n"), "tls.certificate can't be read: /none"));
}

// == The catalogue ===================================================================================================

CAF_TEST(models of a file come before the shipped ones and replace them by id) {
  auto loaded = good(std::string{own_demo} + model_of("mine") + model_of("demo-swift", "display_name = \"My A\""));
  CAF_CHECK_EQUAL(loaded.models.all().front()->id, "mine");
  CAF_CHECK_EQUAL(loaded.models.find("demo-swift")->display_name, "My A");
  CAF_CHECK(loaded.models.find("demo-thoughtful") != nullptr);
}

CAF_TEST(the shipped models can be left out) {
  auto text = "[server]\nbuiltin_models = false\n" + std::string{own_demo};
  CAF_CHECK_EQUAL(good(text + model_of("mine")).models.all().size(), 1u);
  CAF_CHECK(has(complaints(text), "the catalogue has no model"));
}

CAF_TEST(a model has its defaults and what its entry says) {
  auto loaded = good(std::string{own_demo} + model_of("x")
                     + model_of("y", "name = \"z\"\nmax_tokens = 5\nretries = 3\nfallback = \"x\"\nrestart_on_failure = true"));
  auto x = loaded.models.find("x");
  CAF_CHECK_EQUAL(x->upstream_name, "x");
  CAF_CHECK_EQUAL(x->display_name, "x");
  CAF_CHECK_EQUAL(x->retries, model{}.retries);
  CAF_CHECK(!x->max_tokens);
  auto y = loaded.models.find("y");
  CAF_CHECK_EQUAL(y->upstream_name, "z");
  CAF_CHECK_EQUAL(*y->max_tokens, 5);
  CAF_CHECK_EQUAL(y->retries, 3);
  CAF_CHECK_EQUAL(y->fallback, "x");
  CAF_CHECK(y->restart_on_failure);
  CAF_CHECK(x->at == y->at);
}

CAF_TEST(a provider is of each kind that there is and of no other) {
  auto of_kind = [](std::string_view kind) {
    auto url = kind == "demo" ? "" : "base_url = \"https://x.example/v1\"\n";
    return "[[providers]]\nname = \"p\"\nkind = \"" + std::string{kind} + "\"\n" + url + model_of("m");
  };
  for (auto kind : provider_kinds)
    CAF_CHECK(good(of_kind(name(kind))).models.find("m")->at->kind == kind);
  auto told = complaints(of_kind("cohere"));
  for (auto name : provider_kind_names)
    CAF_CHECK(has(told, name));
  CAF_CHECK(has(complaints("[[providers]]\nname = \"p\"\n"), "kind must be one of openai, anthropic, demo"));
}

CAF_TEST(names that are used twice or not at all are refused) {
  auto text = std::string{own_demo};
  CAF_CHECK(has(complaints(text + model_of("x") + model_of("x")), "my.toml:9: there are two models of the id \"x\""));
  CAF_CHECK(has(complaints(text + text), "there are two providers of the name \"p\""));
  CAF_CHECK(has(complaints("[[models]]\nid = \"x\"\nprovider = \"opneai\"\n"),
                "my.toml:1: model \"x\": there is no provider \"opneai\"; did you mean openai?"));
  CAF_CHECK(
    has(complaints(text + model_of("x", "fallback = \"demo-swit\"")), "is no model of the catalogue; did you mean demo-swift?"));
  CAF_CHECK(has(complaints(text + model_of("has space")), "needs an id"));
}

CAF_TEST(fallbacks that go round in a circle are refused) {
  auto text = std::string{own_demo};
  CAF_CHECK(has(complaints(text + model_of("x", "fallback = \"y\"") + model_of("y", "fallback = \"x\"")),
                "model \"x\": its fallbacks go round in a circle: x → y → x"));
  CAF_CHECK(has(complaints(text + model_of("x", "fallback = \"x\"")), "x → x"));
  CAF_CHECK_EQUAL(complaints(text + model_of("x", "fallback = \"y\"") + model_of("y", "fallback = \"demo-swift\"")), "");
}

CAF_TEST(a base_url must be http or https without anything hidden in it) {
  for (auto url : {"https://api.example", "http://127.0.0.1:11434/v1", "http://[::1]:80/v1", "https://a.example:8443"})
    CAF_CHECK_EQUAL(complaints(remote("base_url = \"" + std::string{url} + "\"")), "");
  for (auto url : {"ftp://a.example", "a.example", "https://", "https://u:p@a.example", "https://a.example/?k=1", "https://a b",
                   "https://a.example:x", "https://::1/"})
    CAF_CHECK(has(complaints(remote("base_url = \"" + std::string{url} + "\"")), "my.toml:1: provider \"p\": base_url must"));
  CAF_CHECK(has(complaints(remote("")), "base_url must begin with"));
}

CAF_TEST(a key that would travel unencrypted is warned about) {
  auto key = "\napi_key = \"k\"";
  CAF_CHECK_EQUAL(warnings(remote("base_url = \"http://10.0.0.1/v1\"" + std::string{key})).size(), 1u);
  CAF_CHECK_EQUAL(warnings(remote("base_url = \"http://10.0.0.1/v1\"")).size(), 0u);
  CAF_CHECK_EQUAL(warnings(remote("base_url = \"http://localhost/v1\"" + std::string{key})).size(), 0u);
  CAF_CHECK_EQUAL(warnings(remote("base_url = \"https://10.0.0.1/v1\"" + std::string{key})).size(), 0u);
}

CAF_TEST(headers that would break the request are refused) {
  auto with = [](std::string_view headers) {
    return complaints(remote("base_url = \"https://a.example\"\nheaders = { " + std::string{headers} + " }"));
  };
  CAF_CHECK_EQUAL(with("\"OpenAI-Organization\" = \"org\""), "");
  for (auto headers : {R"("Content-Length" = "1")", R"("a b" = "c")", R"("a" = "b\r\nc: d")", R"("hOst" = "x")"})
    CAF_CHECK(has(with(headers), "can't be sent as it is"));
  CAF_CHECK(has(complaints(remote("base_url = \"https://a.example\"\napi_key = \"a\\nb\"")), "api_key has a character"));
}

CAF_TEST(a mistyped variable is warned about and others are left alone) {
  auto told = warnings("", {{"PARLEY_HTTP_MAX_BODY_BYTE", "1"}, {"PARLEY_SERVICE_PORT", "80"}, {"PARLEY_CONFIG", "x"}});
  CAF_REQUIRE_EQUAL(told.size(), 1u);
  CAF_CHECK_EQUAL(told[0], "the variable PARLEY_HTTP_MAX_BODY_BYTE is no option; did you mean PARLEY_HTTP_MAX_BODY_BYTES?");
}

// == What is shown ===================================================================================================

CAF_TEST(the summary shows options and models but no secret) {
  auto from = good("[store]\nurl = \"postgresql://me:geheim@db.example/parley\"\n");
  CAF_CHECK(has(summary(from), "[store]\nurl = set\nreaders = 4\n"));
  CAF_CHECK(summary(from).find("geheim") == std::string::npos);
  auto text = summary(good(remote("base_url = \"https://a.example\"\napi_key = \"tell-nobody\"\nheaders = { X = \"hush\" }")));
  CAF_CHECK(has(text, "[http]\nmax_connections = 0\nmax_header_bytes = \"16KiB\"\n"));
  CAF_CHECK(has(text, "m (p, https://a.example): key set, available"));
  CAF_CHECK(has(text, "gpt-4.1 (openai, https://api.openai.com/v1): key not set, not available"));
  CAF_CHECK(text.find("tell-nobody") == std::string::npos);
  CAF_CHECK(text.find("hush") == std::string::npos);
}

CAF_TEST(connections leave room for their upstream sockets) {
  CAF_CHECK_EQUAL(default_max_connections(20'000), 9'936);
  CAF_CHECK_EQUAL(default_max_connections(64), 16);
}
