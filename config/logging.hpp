#pragma once
// How log lines look. Whoever logs uses spdlog's default logger, and puts the facts first, as `key=value` without spaces in
// the value: `request=… method=GET path=/live/ status=200`. In JSON they become fields, what follows them is `message`.

#include <string>
#include <string_view>

namespace parley::config {

/// Lines go to the standard error stream from now on. `level` and `format` as `[log]` takes them.
void set_up_logging(const std::string& level, const std::string& format);

/// One line of the format `json`, without its end. `time` is RFC 3339.
std::string json_line(std::string_view time, std::string_view level, std::string_view text);

} // namespace parley::config
