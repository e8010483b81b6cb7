#pragma once
// Decoding for tests: a body is decoded whole and in every split, and all of them must tell the same.

#include "tests/wire/dialects/recording_sink.hpp"
#include "tests/wire/splits.hpp"

#include <caf/test/unit_test.hpp>

namespace parley::wire {

using strings = std::vector<std::string>;

inline strings decoded(provider_kind kind, std::string_view body) {
  auto whole = decode(kind, {body});
  CAF_CHECK(whole.keeps_the_contract());
  CAF_CHECK_EQUAL(whole.ends(), 1);
  for_each_split(body, [&](const std::vector<std::string_view>& pieces) {
    if (auto split = decode(kind, pieces); split.events() != whole.events())
      CAF_ERROR("cut into " << pieces.size() << " pieces: " << caf::deep_to_string(split.events())
                            << " instead of: " << caf::deep_to_string(whole.events()));
  });
  return whole.events();
}

} // namespace parley::wire
