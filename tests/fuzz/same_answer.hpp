#pragma once
// What holds for each codec, whatever a provider sends.

#include "tests/fuzz/pieces.hpp"
#include "tests/wire/dialects/recording_sink.hpp"
#include "tests/wire/named_apart.hpp"

namespace parley::fuzz {

inline int same_answer_however_cut(provider_kind kind, const std::uint8_t* data, std::size_t size) {
  auto input = cut(data, size);
  auto whole = wire::decode(kind, {input.whole});
  auto split = wire::decode(kind, input.pieces);
  expect(whole.events() == split.events(), "the same events however the bytes are cut");
  expect(whole.keeps_the_contract() && split.keeps_the_contract(), "clean texts, and nothing after the end");
  expect(whole.ends() == 1, "exactly one end");
  if (auto apart = wire::named_apart(input.whole))
    expect(whole.events() == wire::decode(kind, {*apart}).events(), "the same events whether or not one was like the one before");
  return 0;
}

} // namespace parley::fuzz
