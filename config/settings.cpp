#include "config/settings.hpp"

#include "config/catalogue_file.hpp"
#include "config/toml_file.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <fstream>

namespace parley::config {

namespace {

constexpr std::int64_t second = 1'000;
constexpr std::int64_t hour = 3'600 * second;
constexpr std::int64_t day = 24 * hour;
constexpr std::int64_t kib = 1'024;
constexpr std::int64_t mib = 1'024 * kib;
constexpr std::int64_t gib = 1'024 * mib;

/// `http.max_body_bytes` is `PARLEY_HTTP_MAX_BODY_BYTES`.
std::string variable_of(std::string_view name) {
  std::string result = "PARLEY_";
  for (auto c : name)
    result += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

/// Gathers what the sources say, and everything that is wrong with it.
class loader {
public:
  explicit loader(const settings_source& from) : from_(from), options_(options_of(result_.values)) {}

  expected<loaded_settings> load() {
    read_toml(from_.text, from_.name, from_.environment, options_, origins_, entries_, errors_);
    read_environment();
    for (auto& [flag, name, text] : from_.overrides)
      set_from_text(flag, name, text);
    // Last, since whether to read them is itself an option. Entries of the same name that came before win.
    if (result_.values.server.builtin_models && from_.text != builtin_file())
      read_toml(builtin_file(), "built-in parley.toml", from_.environment, {}, origins_, entries_, errors_);
    check();
    if (errors_.empty())
      return std::move(result_);
    std::string all;
    for (auto& error : errors_)
      all += (all.empty() ? "" : "\n") + error;
    return fail(ec::invalid_request, all);
  }

private:
  void read_environment() {
    std::vector<std::string> variables;
    for (auto& known : options_) {
      variables.push_back(variable_of(known.name));
      if (auto found = from_.environment.find(variables.back()); found != from_.environment.end())
        set_from_text(variables.back(), known.name, found->second);
    }
    // Others may begin with PARLEY_ too (Kubernetes makes some for a service of that name): no more than a warning.
    std::vector<std::string_view> names(variables.begin(), variables.end());
    for (auto& variable : from_.environment) {
      auto& name = variable.first;
      auto ours = [&](const option& known) { return name.starts_with(variable_of(section_of(known.name)) + "_"); };
      if (std::find(names.begin(), names.end(), name) == names.end() && std::any_of(options_.begin(), options_.end(), ours))
        result_.warnings.push_back("the variable " + name + " is no option" + did_you_mean(nearest(name, names)));
    }
  }

  void set_from_text(const std::string& origin, std::string_view name, std::string_view text) {
    auto found = find(name);
    if (!found) {
      std::vector<std::string_view> names;
      for (auto& known : options_)
        names.push_back(known.name);
      errors_.push_back(origin + ": unknown option " + std::string{name} + did_you_mean(nearest(name, names)));
      return;
    }
    if (auto why = assign_text(*found, text))
      errors_.push_back(origin + ": " + std::string{name} + " " + *why);
    else
      origins_[std::string{name}] = origin;
  }

  const option* find(std::string_view name) const {
    auto found = std::find_if(options_.begin(), options_.end(), [&](const option& each) { return each.name == name; });
    return found == options_.end() ? nullptr : &*found;
  }

  /// What no single value can show.
  void check() {
    auto& values = result_.values;
    if (auto address = parse_endpoint(values.server.listen, values.server.allow_remote)) {
      values.address = *address;
      if (!is_loopback(address->address))
        result_.warnings.push_back("server.allow_remote: whoever reaches " + values.server.listen
                                   + " may read and write every session, since this server can't tell its users apart yet");
    } else {
      complain("server.listen", address.error().message);
    }
    if (auto keep = values.store.retention.count(); keep > 0 && keep < hour)
      complain("store.retention", "must be 0, or an hour at least");
    if (values.server.data_dir.empty())
      complain("server.data_dir", "must name a directory");
    // What it is instead is not shown: it may have a password.
    if (auto& url = values.store.url; !url.empty() && !url.starts_with("postgresql://") && !url.starts_with("postgres://"))
      complain("store.url", "must begin with postgresql://, or be empty for the embedded store");
    if (values.tls.certificate.empty() != values.tls.key.empty())
      complain(values.tls.key.empty() ? "tls.key" : "tls.certificate", "is missing: TLS needs both the certificate and its key");
    check_readable("tls.certificate", values.tls.certificate);
    check_readable("tls.key", values.tls.key);
    for (auto& origin : values.server.allowed_origins)
      if (auto parsed = parse_url(origin); origin != "*" && (!parsed || std::count(origin.begin(), origin.end(), '/') != 2))
        complain("server.allowed_origins", "must have origins like \"https://chat.example.org\", not \"" + origin + "\"");
    for (auto& host : values.server.allowed_hosts)
      if (host.empty() || host.find_first_of("/ *@") != std::string::npos)
        complain("server.allowed_hosts", "must have names like \"chat.example.org\", not \"" + host + "\"");
    values.models = make_catalogue(entries_, errors_, result_.warnings);
  }

  void check_readable(std::string_view name, const std::string& path) {
    if (!path.empty() && !std::ifstream{path})
      complain(name, "can't be read: " + path);
  }

  void complain(std::string_view name, std::string_view why) {
    auto origin = origins_.find(name);
    errors_.push_back((origin == origins_.end() ? from_.name : origin->second) + ": " + std::string{name} + " "
                      + std::string{why});
  }

  const settings_source& from_;
  loaded_settings result_;
  std::vector<option> options_;
  catalogue_entries entries_;
  /// What set an option last.
  option_origins origins_;
  std::vector<std::string> errors_;
};

} // namespace

std::vector<option> options_of(settings& where) {
  auto& [server, store, log, tls, http, websocket, bounds, address, models] = where;
  auto duration = [](std::string_view name, std::chrono::milliseconds* place, std::int64_t least, std::int64_t most) {
    return option{.name = name, .value = place, .least = least, .most = most};
  };
  auto size = [](std::string_view name, std::size_t* place, std::int64_t least, std::int64_t most) {
    return option{.name = name, .value = byte_size{place}, .least = least, .most = most};
  };
  return {
    {.name = "server.listen", .value = &server.listen},
    {.name = "server.allow_remote", .value = &server.allow_remote},
    {.name = "server.data_dir", .value = &server.data_dir},
    {.name = "server.builtin_models", .value = &server.builtin_models},
    {.name = "server.allowed_hosts", .value = &server.allowed_hosts},
    {.name = "server.allowed_origins", .value = &server.allowed_origins},
    {.name = "server.threads", .value = &server.threads, .most = 256},
    duration("server.shutdown_grace", &server.shutdown_grace, 0, hour),
    {.name = "store.url", .value = &store.url, .secret = true},
    {.name = "store.readers", .value = &store.readers, .least = 1, .most = 64},
    {.name = "store.migrate", .value = &store.migrate},
    duration("store.connect_patience", &store.connect_patience, 0, 24 * hour),
    duration("store.retention", &store.retention, 0, 10 * 365 * day),
    size("store.spool_bytes", &store.spool_bytes, 64 * kib, 64 * gib),
    {.name = "log.level", .value = &log.level, .choices = {"trace", "debug", "info", "warn", "error", "off"}},
    {.name = "log.format", .value = &log.format, .choices = {"text", "json"}},
    {.name = "tls.certificate", .value = &tls.certificate},
    {.name = "tls.key", .value = &tls.key},
    {.name = "http.max_connections", .value = &http.max_connections, .most = 1'000'000},
    size("http.max_header_bytes", &http.max_header_bytes, kib, mib),
    size("http.max_body_bytes", &http.max_body_bytes, kib, gib),
    duration("http.header_timeout", &http.header_timeout, 100, hour),
    duration("http.body_timeout", &http.body_timeout, 100, hour),
    duration("http.idle_timeout", &http.idle_timeout, 100, 24 * hour),
    duration("http.write_timeout", &http.write_timeout, 100, hour),
    size("websocket.max_message_bytes", &websocket.max_message_bytes, kib, 16 * mib),
    {.name = "websocket.max_messages_per_second", .value = &websocket.max_messages_per_second, .least = 1, .most = 1'000'000},
    duration("websocket.ping_interval", &websocket.ping_interval, 100, hour),
    duration("websocket.pong_timeout", &websocket.pong_timeout, 100, hour),
    duration("websocket.close_timeout", &websocket.close_timeout, 100, hour),
    {.name = "websocket.deflate", .value = &websocket.deflate},
    size("limits.max_answer_bytes", &bounds.max_answer_bytes, kib, gib),
    size("limits.max_session_bytes", &bounds.max_session_bytes, kib, 64 * gib),
    size("limits.history_bytes", &bounds.history_bytes, kib, gib),
    size("limits.reader_window_bytes", &bounds.reader_window_bytes, 4 * kib, gib),
    duration("limits.checkpoint_interval", &bounds.checkpoint_interval, 10, hour),
    size("limits.checkpoint_bytes", &bounds.checkpoint_bytes, 256, gib),
    duration("limits.replay_window", &bounds.replay_window, 0, 24 * hour),
    size("limits.replay_bytes", &bounds.replay_bytes, 0, 64 * gib),
    duration("limits.heartbeat", &bounds.heartbeat, second, hour),
    duration("limits.cancel_grace", &bounds.cancel_grace, 0, hour),
    duration("limits.session_idle", &bounds.session_idle, second, 30 * 24 * hour),
  };
}

expected<loaded_settings> load_settings(const settings_source& from) {
  return loader{from}.load();
}

expected<endpoint> parse_endpoint(std::string_view text, bool allow_remote) {
  auto parts = split_host_port(text);
  if (!parts)
    return tl::unexpected{parts.error()};
  auto& [host, port] = *parts;
  if (!allow_remote && !is_loopback(host))
    return fail(ec::invalid_request, "must be a loopback address (127.0.0.1, [::1] or localhost), not " + host
                                       + ": whoever reaches this server may read and write every session, since it can't tell "
                                         "its users apart yet. Put a proxy that authenticates in front of it, "
                                         "or see server.allow_remote");
  return endpoint{host == "localhost" ? "127.0.0.1" : host, port};
}

int default_max_connections(std::size_t open_files) {
  constexpr std::size_t kept = 128;
  constexpr std::size_t least = 16;
  return static_cast<int>(std::clamp((open_files - std::min(open_files, kept)) / 2, least, std::size_t{1'000'000}));
}

std::string summary(const settings& values) {
  // The table of options points into settings that can be set.
  auto copy = values;
  std::string result;
  std::string_view section;
  for (auto& each : options_of(copy)) {
    if (section_of(each.name) != section) {
      section = section_of(each.name);
      result += (result.empty() ? "[" : "\n[") + std::string{section} + "]\n";
    }
    result += std::string{key_of(each.name)} + " = " + show(each) + "\n";
  }
  result += "\nmodels:\n";
  for (auto& each : values.models.all()) {
    auto& at = *each->at;
    result += "  " + each->id + " (" + at.provider + (at.base_url.empty() ? "" : ", " + at.base_url) + "): key "
              + (at.api_key.empty() ? "not set" : "set") + ", " + (each->available ? "available" : "not available") + "\n";
  }
  return result;
}

} // namespace parley::config
