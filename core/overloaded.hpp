#pragma once
// One function of several lambdas, for `std::visit`: a variant's new alternative doesn't compile until one of them takes it.

namespace parley {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

} // namespace parley
