#include "config/logging.hpp"

#include "core/time.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace parley::config {

namespace {

class json_formatter final : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& what, spdlog::memory_buf_t& to) override {
    auto time = std::chrono::duration_cast<std::chrono::milliseconds>(what.time.time_since_epoch()).count();
    auto level = spdlog::level::to_string_view(what.level);
    auto line = json_line(to_rfc3339(time), {level.data(), level.size()}, {what.payload.data(), what.payload.size()});
    line += '\n';
    to.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<json_formatter>(); }
};

} // namespace

void set_up_logging(const std::string& level, const std::string& format) {
  auto logger = std::make_shared<spdlog::logger>("parley", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(spdlog::level::from_str(level));
  if (format == "json")
    logger->set_formatter(std::make_unique<json_formatter>());
  else
    logger->set_formatter(
      std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc));
  spdlog::set_default_logger(std::move(logger));
}

std::string json_line(std::string_view time, std::string_view level, std::string_view text) {
  nlohmann::ordered_json line{{"time", time}, {"level", level}};
  while (!text.empty()) {
    auto word = text.substr(0, text.find(' '));
    auto equals = word.find('=');
    auto key = word.substr(0, equals);
    if (equals == std::string_view::npos || key.empty()
        || key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string_view::npos || line.contains(key))
      break;
    line[std::string{key}] = word.substr(equals + 1);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  if (!text.empty())
    line["message"] = text;
  // Text from outside may be anything: what isn't UTF-8 is replaced.
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace parley::config
