#pragma once
// Whether a JSON object that comes in pieces has come to its end, without looking at what is in it.

#include <cstdint>
#include <string_view>

namespace parley::wire {

class json_extent {
public:
  void take(std::string_view piece) {
    for (char c : piece) {
      if (in_string_) {
        in_string_ = escaped_ || c != '"';
        escaped_ = !escaped_ && c == '\\';
      } else if (depth_ == 0) {
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
          continue;
        is_object_ = c == '{' && !begun_; // nothing may follow it
        begun_ = true;
        depth_ = 1;
      } else if (c == '"') {
        in_string_ = true;
      } else if (c == '{' || c == '[') {
        ++depth_;
      } else if (c == '}' || c == ']') {
        --depth_;
      }
    }
  }

  /// All that came is one object, and it is closed. What is no object is never whole.
  bool whole() const { return is_object_ && depth_ == 0; }

private:
  /// Open objects and arrays; 1 in what is no object.
  std::uint32_t depth_ = 0;
  bool begun_ = false;
  bool is_object_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
};

} // namespace parley::wire
