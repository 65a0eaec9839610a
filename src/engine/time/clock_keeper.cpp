#include "engine/time/clock_keeper.hpp"

#include <optional>
#include <string>
#include <utility>

#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {

void clock_keeper::start() {
  std::optional<clock_history> known;
  try {
    if (auto bytes = services_.store.get(keys::clock())) known = decode_clock_history(*bytes);
  } catch (const malformed& e) {
    services_.reporter.report(event_kind::store_damaged,
                              std::string("what the store says of the clock can't be read: ") +
                                  e.what() +
                                  "; sleeps last their whole length from now on, at most");
  }
  auto last = journal_.opened().time;
  if (known) {  // engine time hasn't fallen since that was written; earlier it may have
    auto since = journal_.opened().time_since(known->lsn);
    last = since ? since : known->time;
  }
  clock_.start(std::move(known), last, journal_.place());
  doubts_index_ = clock_.history().shifts_back();
  is_unsaved_ = true;
}

void clock_keeper::update_now(bool has_timers) {
  bool was_set = clock_.tick(journal_.place());
  if (was_set || (clock_.notes_progress() && has_timers)) keep_history();
}

void clock_keeper::keep_history() {
  is_unsaved_ = false;
  journal_.extra_writes().put(keys::clock(), encode(clock_.history(journal_.place())));
}

}}}  // namespace stet::v0::detail
