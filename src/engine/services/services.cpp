#include "engine/services/services.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "base/shown.hpp"
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

}  // namespace

void check_retention(std::string_view of, duration kept) {
  if (kept < duration{})
    throw error(
        errc::usage, of,
        "a retention must not be negative, and is " + shown(kept) + ": 0 keeps runs for ever");
}
void check_name_space(std::string_view name) {
  constexpr std::size_t bytes_max = 64;
  if (!name.empty() && name.size() <= bytes_max && name.find('\0') == std::string_view::npos)
    return;
  throw error(errc::usage, "namespace",
              "the name of a namespace is 1 to " + std::to_string(bytes_max) +
                  " bytes without a zero, " + shown(name) + " has " + std::to_string(name.size()));
}

namespace {

engine_options must_make_sense(engine_options o, std::size_t event_bytes_max) {
  if (o.threads > threads_max)
    refuse("threads are at most " + std::to_string(threads_max) + ", not " +
           std::to_string(o.threads) +
           ": for more bodies at once use steps that end by a completion, or an executor");
  if (o.tail_bytes_max < tail_bytes_min)
    refuse("tail_bytes_max is at least " + std::to_string(tail_bytes_min) + " bytes, not " +
           std::to_string(o.tail_bytes_max));
  if (o.watchdog < duration{})
    refuse("the watchdog's time must not be negative, and is " + shown(o.watchdog) +
           ": 0 turns it off");
  check_retention("engine", o.retention);
  if (o.payload_bytes_max == 0)
    refuse("payload_bytes_max is 0, so nothing could be started: give the longest payload");
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
