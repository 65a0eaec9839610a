#include "journal/clock_history.hpp"

#include <algorithm>

#include "base/checksum.hpp"
#include "base/plus.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::uint8_t version = 1;
// With more parts than this, the oldest two become one: its timers may wait longer, never shorter.
constexpr std::size_t parts_max = 1024;

}  // namespace

void clock_history::set_back(std::int64_t by, journal_place at, bool wrong) {
  for (auto& p : parts_) p.shift = plus(p.shift, -by);
  debt_ = plus(debt_, by);
  begin_part(at, wrong || is_wrong());
}

void clock_history::distrust(journal_place at) { begin_part(at, true); }

void clock_history::set_forward(std::int64_t by, journal_place at, journal_place life,
                                bool still_wrong) {
  const bool was_wrong = is_wrong();
  split(life);
  auto taken_back = std::min(by, debt_);
  for (auto& p : parts_)
    p.shift = plus(p.shift, p.wrong || p.from.lsn >= life.lsn ? by : taken_back);
  debt_ -= taken_back;
  bool wrong = (was_wrong && debt_ > 0) || still_wrong;
  if (!wrong)
    for (auto& p : parts_) p.wrong = false;
  begin_part(at, wrong);
}

/// Begins a part, and joins parts that are alike.
void clock_history::begin_part(journal_place at, bool wrong) {
  parts_.push_back({at, 0, wrong});
  std::vector<part> kept;
  for (auto& p : parts_) {
    if (!kept.empty() && kept.back().from.lsn == p.from.lsn && kept.back().from.run == p.from.run)
      kept.pop_back();  // it has no records
    if (kept.empty() || kept.back().shift != p.shift || kept.back().wrong != p.wrong)
      kept.push_back(p);
  }
  parts_ = std::move(kept);
  if (parts_.size() > parts_max) {
    parts_[1].shift = std::max(parts_[0].shift, parts_[1].shift);
    parts_.erase(parts_.begin());
  }
  parts_.front().from = {};
}

/// Makes sure that a part begins at `at`, if that is in the past.
void clock_history::split(journal_place at) {
  auto after = std::find_if(parts_.begin(), parts_.end(),
                            [&](const part& p) { return p.from.lsn > at.lsn; });
  auto& containing = *(after - 1);
  if (containing.from.lsn == at.lsn) return;
  part second{at, containing.shift, containing.wrong};
  parts_.insert(after, second);
}

void clock_history::limit_to(journal_place end) noexcept {
  for (auto& p : parts_) p.from = {std::min(p.from.lsn, end.lsn), std::min(p.from.run, end.run)};
}

std::int64_t clock_history::shift_at(record_lsn of) const noexcept {
  auto p = parts_.end() - 1;
  while (p != parts_.begin() && p->from.lsn > of) --p;
  return p->shift;
}
std::int64_t clock_history::shift_of_run(run_number run) const noexcept {
  auto p = parts_.end() - 1;
  while (p != parts_.begin() && p->from.run > run) --p;
  return p->shift;
}
bool clock_history::shifts_back() const noexcept {
  return std::any_of(parts_.begin(), parts_.end(), [](auto& p) { return p.shift < 0; });
}

std::string encode(const clock_history& h) {
  std::string out;
  put_byte(out, version);
  put_signed(out, h.time.value());
  put_varint(out, h.lsn.value());
  put_signed(out, h.debt_);
  put_varint(out, h.parts_.size());
  for (auto& p : h.parts_) {
    put_varint(out, p.from.lsn.value());
    put_varint(out, p.from.run.value());
    put_signed(out, p.shift);
    put_byte(out, p.wrong);
  }
  if (h.behind) put_signed(out, h.behind);
  add_checksum(out);
  return out;
}

clock_history decode_clock_history(std::string_view bytes) {
  auto body = without_checksum(bytes);
  if (body.empty()) throw malformed("the checksum of the history of the clock is wrong");
  source in(body);
  if (in.byte() != version)
    throw malformed("the history of the clock is of a version that this build doesn't know");
  clock_history h;
  h.time = engine_time(in.signed_varint());
  h.lsn = record_lsn(in.varint());
  h.debt_ = in.signed_varint();
  h.parts_.clear();
  for (auto n = in.varint(); n > 0; --n) {
    clock_history::part p;
    p.from.lsn = record_lsn(in.varint());
    p.from.run = run_number(in.varint());
    p.shift = in.signed_varint();
    p.wrong = in.byte() != 0;
    bool follows = h.parts_.empty() ? !p.from.lsn && !p.from.run
                                    : p.from.lsn >= h.parts_.back().from.lsn &&
                                          p.from.run >= h.parts_.back().from.run;
    if (!follows) throw malformed("the parts of the history of the clock are in disorder");
    h.parts_.push_back(p);
  }
  bool has_behind = !in.done();
  if (has_behind) h.behind = in.signed_varint();
  if (h.parts_.empty() || h.debt_ < 0 || (has_behind && h.behind <= 0) || !in.done())
    throw malformed("the history of the clock makes no sense");
  return h;
}

}  // namespace detail
}}  // namespace stet::v0
