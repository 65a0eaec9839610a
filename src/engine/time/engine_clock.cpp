#include "engine/time/engine_clock.hpp"

#include <algorithm>

#include "base/hooks.hpp"
#include "base/plus.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::int64_t slack_ms = 1000;  // a clock that lags by less wasn't set back
constexpr std::int64_t follow_ms = 20;   // one that is ahead by less isn't followed
constexpr std::int64_t note_every_ms = 60'000;
// A clock that shows an earlier time was never set: without a battery it begins in 1970.
constexpr engine_time first_possible(1'577'836'800'000);  // 2020

bool is_possible(engine_time wall) noexcept { return wall >= first_possible; }

}  // namespace

engine_clock::engine_clock(clock& c)
    : clock_(c), knows_uptime_(c.uptime().has_value()), resolution_(c.resolution().count()) {}

std::int64_t engine_clock::line() noexcept {
  if (!knows_uptime_) return clock_.steady().count();
  return clock_.uptime().value_or(duration(anchor_line_)).count();
}

void engine_clock::anchor(engine_time now) noexcept {
  anchor_now_ = now;
  anchor_line_ = line();
}

void engine_clock::start(std::optional<clock_history> known, engine_time last, journal_place at) {
  const engine_time wall(clock_.wall());
  history_ = known ? *std::move(known) : clock_history(!is_possible(last ? last : wall));
  history_.limit_to(at);
  bool is_new = !history_.lsn;
  auto ahead = last ? wall - last : 0;
  auto now = wall;
  // True if the wall clock goes on where it was last seen, after it had been set back while an
  // engine ran. (Without an uptime, a clock that is set forward again would later look like a
  // machine that was suspended.)
  const bool is_explained = knows_uptime_ && history_.behind > 0 &&
                            ahead >= -history_.behind - slack_ms && is_possible(wall);
  if (ahead < 0 && ahead >= -slack_ms) now = last;
  else if (ahead < 0 && is_new) history_.distrust(at);
  else if (ahead < 0) history_.set_back(-ahead, at, !is_explained);
  else if (ahead > 0 && history_.is_wrong() && ahead >= history_.set_back_by() && !is_new)
    history_.set_forward(ahead, at, at, !is_possible(wall));
  else if (history_.set_back_by() > 0 && ahead >= history_.set_back_by() && !history_.is_wrong())
    // Perhaps the clock is set right again. At most the time by which it was set back counts as
    // that.
    history_.set_forward(history_.set_back_by(), at, at, !is_possible(wall));
  anchor(now);
  now_ = started_ = now;
  life_ = at;
}

bool engine_clock::tick(journal_place at) {
  const engine_time wall(clock_.wall());
  auto by_line = measure();
  bool is_time = (!knows_uptime_ && !history_.is_wrong()) || STET_SEEDED(believe_set_clock);
  auto ahead = wall - by_line;
  bool follows = ahead > (is_time ? 0 : follow_ms);
  if (follows) anchor(wall);
  now_ = std::max(now_, follows ? wall : by_line);
  behind_ = std::max<std::int64_t>(now_ - wall, 0);
  const auto noted = history_.behind;
  bool is_news = behind_ > noted + slack_ms || behind_ < noted - slack_ms;
  if (!follows || is_time) return is_news;
  history_.set_forward(ahead, at, life_, !is_possible(wall));
  started_ = started_ + ahead;
  return true;
}

void engine_clock::look() noexcept { now_ = std::max(now_, measure()); }

std::int64_t engine_clock::lag() noexcept {
  const engine_time wall(clock_.wall());
  const auto lags = measure() - wall;
  return lags > resolution_ ? lags : 0;
}

std::int64_t engine_clock::whole(std::int64_t length) const noexcept {
  return plus(length, resolution_);
}
engine_time engine_clock::shown(engine_time due) const noexcept { return due + resolution_; }

engine_time engine_clock::due(engine_time recorded, record_lsn lsn) const noexcept {
  return recorded + history_.shift_at(lsn);
}
engine_time engine_clock::due_of_run(engine_time recorded, run_number run) const noexcept {
  return recorded + history_.shift_of_run(run);
}
engine_time engine_clock::since_start(std::int64_t length) const noexcept {
  return started_ + length;
}

const clock_history& engine_clock::history(journal_place at) noexcept {
  next_note_ = now_ + note_every_ms;
  history_.time = now_;
  history_.lsn = at.lsn;
  history_.behind = behind_ > slack_ms ? behind_ : 0;
  return history_;
}

}  // namespace detail
}}  // namespace stet::v0
