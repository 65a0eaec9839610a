#include "engine/steps/beat_book.hpp"

#include <algorithm>

#include "base/plus.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::int64_t pause_ms = 1000;
constexpr std::int64_t part_of_the_time = 100;

}  // namespace

bool beat_book::take(const beating& of, const std::string& progress, std::int64_t now) {
  auto [at, is_first] = all_.try_emplace(of);
  auto& e = at->second;
  if (is_first) {
    e = {now, now, progress, std::nullopt};
    return true;
  }
  if (e.latest == progress) return false;
  e.latest = progress;
  auto due = plus(e.recorded, std::max(pause_ms, (now - e.first) / part_of_the_time));
  if (due <= now) {
    note_recorded(of, e, now);
    return true;
  }
  if (!e.due) {
    kept_.emplace(due, of);
    e.due = due;
  }
  return false;
}

std::vector<std::pair<beating, std::string>> beat_book::take_due(std::int64_t now, bool all) {
  std::vector<std::pair<beating, std::string>> due;
  while (!kept_.empty() && (all || kept_.begin()->first <= now)) {
    auto of = kept_.begin()->second;
    auto& e = all_.at(of);
    due.emplace_back(of, e.latest);
    note_recorded(of, e, now);
  }
  return due;
}

std::optional<std::string> beat_book::forget(const beating& of) {
  auto found = all_.find(of);
  if (found == all_.end()) return std::nullopt;
  std::optional<std::string> kept;
  if (found->second.due) {
    kept = std::move(found->second.latest);
    kept_.erase({*found->second.due, of});
  }
  all_.erase(found);
  return kept;
}

const std::string* beat_book::latest(const beating& of) const {
  auto found = all_.find(of);
  return found == all_.end() ? nullptr : &found->second.latest;
}

void beat_book::note_recorded(const beating& of, entry& e, std::int64_t now) {
  if (e.due) kept_.erase({*e.due, of});
  e.due.reset();
  e.recorded = now;
}

}}}  // namespace stet::v0::detail
