// Negative controls: stores that break one clause of the contract each, on purpose.
#pragma once
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include <stet/conformance.hpp>
#include <stet/memory.hpp>

namespace stet_tests {

/// A store that is wrong, in which way, and the clause that must report it.
struct control {
  std::string_view how, clause;
  std::function<stet::conformance::target()> make;
};

/// A W over each store in memory, made with `arguments`.
template <class W, class... A> stet::conformance::target over_memory(A... arguments) {
  auto place = std::make_shared<std::shared_ptr<stet::memory::contents>>();
  return {.name = "wrong",
          .open = [=]() -> std::unique_ptr<stet::store> {
            return std::make_unique<W>(stet::memory::open(*place), arguments...);
          },
          .fresh = [=] { *place = stet::memory::make_contents(); }};
}

/// A control whose store is a W over a store in memory.
template <class W> control wrong(std::string_view how, std::string_view clause) {
  return {how, clause, [] { return over_memory<W>(); }};
}

std::vector<control> commit_controls();
std::vector<control> scan_controls();
std::vector<control> lifetime_controls();
std::vector<control> fault_controls();
/// The controls that need a process to be killed. Empty without LMDB.
std::vector<control> process_controls();

}  // namespace stet_tests
