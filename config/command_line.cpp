#include "config/command_line.hpp"

#include <CLI/CLI.hpp>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace parley::config {

namespace {

/// Flags for the options that are set by hand most often; all others by `--set`.
constexpr struct {
  const char* flag;
  const char* option;
  const char* value;
  const char* help;
} short_flags[] = {
  {"--listen", "server.listen", "ADDRESS:PORT", "Where clients connect; loopback, unless server.allow_remote. 127.0.0.1:8080"},
  {"--data", "server.data_dir", "DIR", "Where the embedded store keeps its files. data"},
  {"--threads", "server.threads", "N", "Event loops; 0 for one per processor. 0"},
  {"--log-level", "log.level", "LEVEL", "trace, debug, info, warn, error or off. info"},
  {"--log-format", "log.format", "FORMAT", "text or json. text"},
};

constexpr auto examples = R"(
Examples:
  parley serve
      Demo models on http://127.0.0.1:8080, data in ./data.
  OPENAI_API_KEY=… ANTHROPIC_API_KEY=… parley serve --listen 127.0.0.1:9000 --data /var/lib/parley
  parley serve --config my.toml --set http.max_body_bytes=2MiB
  PARLEY_LOG_FORMAT=json parley serve
  parley check-config --config my.toml
      Says what is wrong with the file, or what would be in force.
  parley backup --data /var/lib/parley --to parley-monday.db
      Also while Parley runs.
  parley copy --from /var/lib/parley/parley.db --to "$DATABASE_URL"
      From the embedded store to PostgreSQL; the other way round with the names exchanged.
  parley chat --model demo-swift --model demo-thoughtful
      Two models side by side in the terminal, from the server that runs.
  git diff | parley chat > review.txt
      Standard input is the question.)";

void add_options(CLI::App& app, command_line& result) {
  app.add_option("-c,--config", result.config_file, "A TOML file. Without it the built-in one, config/parley.toml, is in force.")
    ->type_name("FILE")
    ->envname("PARLEY_CONFIG");
  for (auto& each : short_flags)
    app
      .add_option_function<std::string>(
        each.flag,
        [&each, &result](const std::string& text) {
          result.overrides.push_back({each.flag, each.option, text});
        },
        each.help)
      ->type_name(each.value);
  app
    .add_option_function<std::vector<std::string>>(
      "--set",
      [&result](const std::vector<std::string>& all) {
        for (auto& each : all) {
          auto equals = each.find('=');
          if (equals == std::string::npos)
            throw CLI::ValidationError("--set", "must be SECTION.OPTION=VALUE, not " + each);
          result.overrides.push_back({"--set", each.substr(0, equals), each.substr(equals + 1)});
        }
      },
      "Any option of the file, such as http.max_body_bytes=2MiB. Can be repeated.")
    ->type_name("SECTION.OPTION=VALUE")
    ->expected(1)
    ->take_all();
}

void add_chat_options(CLI::App& app, chat_options& result) {
  app
    .add_option("-s,--server", result.server,
                "Where Parley is; https is checked against the system's certificate authorities. http://127.0.0.1:8080")
    ->type_name("URL")
    ->envname("PARLEY_SERVER")
    ->take_last();
  auto models =
    app
      .add_option("-m,--model", result.models,
                  "A model of the server; given twice or more, their answers stand side by side, where the terminal is "
                  "wide enough. The first one that is available.")
      ->type_name("ID")
      ->allow_extra_args(false) // what follows is the question
      ->take_all();
  app.add_option("--session", result.session, "Go on with this session.")->type_name("ID")->excludes(models);
  app.add_flag("-l,--list", result.list, "List the models and the newest sessions.");
  app
    .add_option("question", result.question,
                "Ask this, print the answer, and end. Without it: a dialogue if standard input and output are a terminal, else "
                "the question is standard input.")
    ->type_name("TEXT");
  app.footer(R"(
In the dialogue /help lists the commands. Ctrl-C stops the answers that are coming; a second one, or Ctrl-D, leaves. A
connection that breaks is made anew, and the answer goes on where it was.
Where standard input or output is no terminal, answers are plain text, several of them labelled and one after the other; the
exit status is 0 if all answers ended well, 1 if not. NO_COLOR=1 takes the colours away.)");
}

environment process_environment() {
  environment result;
  for (auto each = environ; *each; ++each) {
    std::string_view text{*each};
    if (auto equals = text.find('='); equals != std::string_view::npos)
      result.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return result;
}

} // namespace

command_line parse_command_line(std::vector<std::string> arguments, std::string_view version) {
  command_line result;
  CLI::App app{"Parley serves streaming conversations with language models, of one or of several side by side.", "parley"};
  app.set_version_flag("-V,--version", "parley " + std::string{version});
  app.set_help_all_flag("--help-all", "This text and that of all commands.");
  app.footer(examples);
  auto serve = app.add_subcommand("serve", "Run the server until SIGTERM or SIGINT; a second one ends it at once.");
  auto check = app.add_subcommand("check-config", "Check the configuration, and print what would be in force, without secrets.");
  auto migrate = app.add_subcommand("migrate", "Bring the configured store to this version's schema, and say which that is. A "
                                               "server does so itself when it starts, unless store.migrate is false.");
  auto backup = app.add_subcommand("backup", "Copy the embedded store to a file, as it is at one moment, also while a server "
                                             "writes to it. For PostgreSQL use pg_dump.");
  for (auto each : {serve, check, migrate, backup})
    add_options(*each, result);
  backup->add_option("--to", result.to, "The file to make; none of that name may be there.")->type_name("FILE")->required();
  auto copy = app.add_subcommand("copy", "Move all conversations from one store into another, which must be empty: all of them, "
                                         "or nothing. End the servers of both first: what is written later is not copied.");
  auto place = "postgresql://user:password@host:port/database, or an embedded store's file: data/parley.db";
  copy->add_option("--from", result.from, place)->type_name("URL|FILE")->required();
  copy->add_option("--to", result.to, place)->type_name("URL|FILE")->required();
  auto chat = app.add_subcommand("chat", "Talk to models in the terminal, through a server that runs.");
  add_chat_options(*chat, result.chat);
  app.require_subcommand(1);
  try {
    // CLI11 takes them from the back.
    std::reverse(arguments.begin(), arguments.end());
    app.parse(std::move(arguments));
    result.what = *serve     ? command::serve
                  : *check   ? command::check_config
                  : *migrate ? command::migrate
                  : *backup  ? command::backup
                  : *chat    ? command::chat
                             : command::copy;
  } catch (const CLI::ParseError& why) {
    std::ostringstream out;
    std::ostringstream err;
    // CLI11's own codes are over 100; 2 is what shells and tools expect of a wrong command line.
    result.status = app.exit(why, out, err) == 0 ? 0 : 2;
    result.text = out.str() + err.str();
  }
  return result;
}

expected<loaded_settings> load_settings(const command_line& from) {
  settings_source source{std::string{builtin_file()}, "built-in parley.toml", process_environment(), from.overrides};
  if (!from.config_file.empty()) {
    std::ifstream file{from.config_file, std::ios::binary};
    std::ostringstream text;
    if (!file || !(text << file.rdbuf()))
      return fail(ec::invalid_request, from.config_file + ": the configuration file can't be read");
    source.text = text.str();
    source.name = from.config_file;
  }
  return load_settings(source);
}

} // namespace parley::config
