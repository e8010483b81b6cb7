#include "tests/fuzz/same_answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return parley::fuzz::same_answer_however_cut(parley::provider_kind::openai, data, size);
}
