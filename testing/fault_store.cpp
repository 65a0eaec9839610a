// A store that fails on purpose, counts its calls, and calls a test's hook at every operation.
#include <stet/test_doubles.hpp>

namespace stet { inline namespace v0 { namespace testing {

fault_store::~fault_store() = default;

void faults::fail(store_call what, std::uint64_t number, fault how, std::uint64_t times) {
  std::lock_guard lock(mutex_);
  plan_.push_back({what, number, times, how});
}

void faults::fail_next(store_call what, fault how, std::uint64_t times) {
  std::lock_guard lock(mutex_);
  plan_.push_back({what, counts_[static_cast<int>(what)] + 1, times, how});
}

void faults::heal() {
  std::lock_guard lock(mutex_);
  plan_.clear();
}

void faults::set_hook(hook h) {
  std::lock_guard lock(mutex_);
  hook_ = h ? std::make_shared<const hook>(std::move(h)) : nullptr;
}

std::uint64_t faults::count(store_call what) const {
  std::lock_guard lock(mutex_);
  return counts_[static_cast<int>(what)];
}

std::uint64_t faults::injected() const {
  std::lock_guard lock(mutex_);
  return injected_;
}

std::pair<std::uint64_t, std::optional<fault>> faults::begin(store_call what) {
  std::unique_lock lock(mutex_);
  std::uint64_t number = ++counts_[static_cast<int>(what)];
  std::optional<fault> how;
  for (const planned& p : plan_) {
    if (p.what == what && number >= p.first && number - p.first < p.times) how = p.how;
  }
  if (how) ++injected_;
  auto hook = hook_;
  lock.unlock();
  if (hook) (*hook)(what, moment::before, number);
  return {number, how};
}

void faults::end(store_call what, std::uint64_t number) {
  std::unique_lock lock(mutex_);
  auto hook = hook_;
  lock.unlock();
  if (hook) (*hook)(what, moment::after, number);
}

void fault_store::fail(const char* operation, errc code, commit_outcome outcome) const {
  throw store_error(code, operation, info().path, 0, "a failure injected by the test", outcome);
}

void fault_store::check_poison(const char* operation) const {
  if (!poisoned_) return;
  throw store_error(errc::store, operation, info().path, 0,
                    "nothing goes on after an injected unknown outcome; open the store anew",
                    commit_outcome::refused);
}

std::optional<std::string> fault_store::get(std::string_view key) {
  check_poison("fault get");
  auto [number, how] = faults_->begin(store_call::get);
  if (how) {
    faults_->end(store_call::get, number);
    fail("fault get", errc::store, commit_outcome::refused);
  }
  auto value = inner_->get(key);
  faults_->end(store_call::get, number);
  return value;
}

void fault_store::scan(const scan_range& range, visitor& v) {
  check_poison("fault scan");
  auto [number, how] = faults_->begin(store_call::scan);
  if (!how) inner_->scan(range, v);
  faults_->end(store_call::scan, number);
  if (how) fail("fault scan", errc::store, commit_outcome::refused);
}

void fault_store::commit(const batch& b, durability d) {
  check_poison("fault commit");
  auto [number, how] = faults_->begin(store_call::commit);
  if (!how || how == fault::unknown_applied) inner_->commit(b, d);
  if (how && how != fault::refused) poisoned_ = true;
  faults_->end(store_call::commit, number);
  if (how == fault::refused) { fail("fault commit", errc::full, commit_outcome::refused); }
  if (how) fail("fault commit", errc::store, commit_outcome::unknown);
}

}}}  // namespace stet::v0::testing
