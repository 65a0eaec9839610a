#include "engine/services/services.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr unsigned threads_max = 4096;  // a larger number is taken for a mistake
constexpr std::size_t tail_bytes_min = 4096;

std::unique_ptr<store> existing(std::unique_ptr<store> s) {
  if (!s) throw error(errc::usage, "engine", "an engine needs a store");
  return s;
}

[[noreturn]] void refuse(const std::string& why) { throw error(errc::usage, "engine", why); }

engine_options must_make_sense(engine_options o, std::size_t event_bytes_max) {
  if (o.threads > threads_max)
    refuse("threads are at most " + std::to_string(threads_max) + ", not " +
           std::to_string(o.threads));
  if (o.tail_bytes_max < tail_bytes_min)
    refuse("tail_bytes_max is at least " + std::to_string(tail_bytes_min) + " bytes, not " +
           std::to_string(o.tail_bytes_max));
  if (o.watchdog < duration{}) refuse("the watchdog's time is negative");
  if (o.retention < duration{}) refuse("a retention must not be negative");
  if (o.payload_bytes_max > payload_bytes_ceiling)
    refuse("payload_bytes_max is at most " + std::to_string(payload_bytes_ceiling) +
           " bytes, this one is " + std::to_string(o.payload_bytes_max));
  const auto payload_max = event_bytes_max / 4;
  if (o.payload_bytes_max > payload_max)
    refuse("payload_bytes_max is at most a sixteenth of the longest value that the store takes, " +
           std::to_string(payload_max) + " bytes, this one is " +
           std::to_string(o.payload_bytes_max));
  o.tail_bytes_max = std::min(o.tail_bytes_max, event_bytes_max / 2);
  return o;
}

}  // namespace

services::services(std::unique_ptr<v0::store> s, engine_options o)
    : owned_store(existing(std::move(s))),
      store(*owned_store),
      options(must_make_sense(std::move(o), event_bytes_max_of(store))),
      clock(options.clock ? *options.clock : system_clock()),
      entropy(options.entropy ? *options.entropy : system_entropy()),
      reporter(options.listener ? *options.listener : standard_error_, &standard_error_),
      watchdog(reporter, clock, options.watchdog),
      payloads(options.transforms) {}

}}}  // namespace stet::v0::detail
