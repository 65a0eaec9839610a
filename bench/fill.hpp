// Stores with many runs in them, as real engines leave them.
#pragma once
#include <cstddef>
#include <string>

#include <stet/stet.hpp>

#include "load.hpp"
#include "place.hpp"

namespace bench {

/// Two workflows: one ends at once, the other sleeps for 30 days.
inline constexpr stet::workflow<void()> Empty{"empty"};
inline constexpr stet::workflow<void()> Asleep{"asleep"};
/// Defines both.
void define_fillers(stet::engine& e);

/// The content of a store: how many runs, and how many of each thousand sleep; the others have
/// ended.
struct content {
  std::size_t runs = 0;
  std::size_t asleep_in_thousand = 0;
  naming names = naming::scattered;
};

/// Fills a store with runs and closes it cleanly. Durable for the process only, since nothing is
/// measured here.
void fill(const std::string& store, const folder& where, const content& c);

/// Starts `runs` more runs that sleep.
void start_asleep(stet::engine& e, std::size_t runs);

}  // namespace bench
