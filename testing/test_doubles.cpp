// A clock, random bits, a listener and a record of effects, for tests.
#include <stet/test_doubles.hpp>

#include <algorithm>

namespace stet { inline namespace v0 { namespace testing {

virtual_clock::virtual_clock(time_point start) noexcept : wall_(start.time_since_epoch().count()) {}
virtual_clock::~virtual_clock() = default;
void virtual_clock::advance(duration d) noexcept {
  // In this order. An engine on another thread that looks in between sees a wall clock that is late
  // for a moment, which means nothing, and not one that was set forward.
  steady_ += d.count();
  wall_ += d.count();
}

seeded_entropy::~seeded_entropy() = default;
namespace {
std::uint64_t next(std::atomic<std::uint64_t>& state) noexcept {
  auto z = state += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  return z ^ (z >> 29);
}
}  // namespace
std::uint64_t seeded_entropy::bits() noexcept { return next(state_); }
std::uint64_t seeded_entropy::secret_bits() noexcept { return next(secrets_); }

recorder::~recorder() = default;
void recorder::log(std::string_view id, std::string_view line) noexcept {
  std::lock_guard lock(mutex_);
  logs_.push_back(std::string(id) + ": " + std::string(line));
}
void recorder::event(const engine_event& e) noexcept {
  std::lock_guard lock(mutex_);
  problems_.emplace_back(e.text);
  kinds_.push_back(e.kind);
}
void recorder::run_ended(const ended_run& r) noexcept {
  std::lock_guard lock(mutex_);
  auto how = std::string(r.workflow_id) + ": " + std::string(to_text(r.status));
  ends_.push_back(r.reason.empty() ? how : how + ": " + std::string(r.reason));
}
std::vector<std::string> recorder::ends() const {
  std::lock_guard lock(mutex_);
  return ends_;
}
bool recorder::heard(event_kind kind) const {
  std::lock_guard lock(mutex_);
  return std::find(kinds_.begin(), kinds_.end(), kind) != kinds_.end();
}
std::vector<std::string> recorder::logs() const {
  std::lock_guard lock(mutex_);
  return logs_;
}
std::vector<std::string> recorder::problems() const {
  std::lock_guard lock(mutex_);
  return problems_;
}
bool recorder::heard(std::string_view text) const {
  std::lock_guard lock(mutex_);
  for (auto& p : problems_)
    if (p.find(text) != std::string::npos) return true;
  return false;
}

int effects::add(const std::string& what, promise p) {
  auto& c = counts_[what];
  c.promised = p;
  return ++c.times;
}
int effects::hit(const std::string& what) {
  std::lock_guard lock(mutex_);
  return add(what, promise::at_least_once);
}
int effects::hit_once(const std::string& what, const std::string& key) {
  std::lock_guard lock(mutex_);
  if (!keys_.emplace(what, key).second) return counts_[what].times;
  return add(what, promise::exactly_once);
}
int effects::hit_at_most_once(const std::string& what) {
  std::lock_guard lock(mutex_);
  return add(what, promise::at_most_once);
}
int effects::of(const std::string& what) const {
  std::lock_guard lock(mutex_);
  auto found = counts_.find(what);
  return found == counts_.end() ? 0 : found->second.times;
}
int effects::all() const {
  std::lock_guard lock(mutex_);
  int sum = 0;
  for (auto& [what, c] : counts_) sum += c.times;
  return sum;
}
std::map<std::string, effects::count> effects::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

}}}  // namespace stet::v0::testing
