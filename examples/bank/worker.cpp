#include "worker.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <stet/open.hpp>
#include <thread>

#include "audit.hpp"
#include "bank.hpp"
#include "broken.hpp"

using namespace std::chrono_literals;

namespace {

constexpr std::size_t open_at_once = 400;
constexpr std::size_t started_at_once = 40;
constexpr auto patience = 300ms;  // so short that some approvals come too late

std::string id_of(std::uint64_t n) { return "t-" + std::to_string(n); }

/// Transfer `n`, and what becomes of it. It depends on the seed and `n` alone, so that a process
/// after any crash computes the same.
struct plan {
  order what;
  enum { nothing, approve, deny, change, cancel } then = nothing;
};

plan plan_of(std::uint64_t seed, std::uint64_t n) {
  std::seed_seq both{seed, seed >> 32, n, n >> 32};
  std::mt19937 chance(both);
  const auto pick = [&](int least, int most) {
    return least + static_cast<int>(chance() % static_cast<unsigned>(most - least + 1));
  };
  plan p;
  const int from = pick(0, 7), to = (from + pick(1, 7)) % 8;
  p.what = {"a" + std::to_string(from), "a" + std::to_string(to), pick(1, 300)};
  const int kind = pick(0, 99);
  if (kind < 8) p.what.amount = pick(900, 1000);  // often more than the account has
  else if (kind < 16) p.what.to = "gone";         // closed: the debit is undone
  else if (kind < 20) p.what.to = "nobody";
  else if (kind < 24) p.what.from = "moody";  // frozen now and then
  else if (kind < 30) p.what.to = "moody";
  else if (kind < 34) p.then = plan::cancel;
  else if (kind < 50) {
    p.what.amount = pick(1001, 2000);
    p.then = std::array{plan::nothing, plan::approve, plan::deny, plan::change,
                        plan::cancel}[static_cast<std::size_t>(pick(0, 4))];
  }
  return p;
}

void set_up(stet::transaction& tx) {
  if (tx.get(Accounts, world)) return;
  for (int i = 0; i < 8; ++i) open_account(tx, "a" + std::to_string(i), 3000);
  open_account(tx, "moody", 3000);
  open_account(tx, "gone", 0);
  set_state(tx, "gone", account_state::closed);
}

// Returns an audit. If the books are wrong, the process ends at once: it doesn't even close the
// engine.
audit audited(stet::engine& engine) {
  auto a = engine.transact([](stet::transaction& tx) { return examine(tx); });
  if (a.faults.empty()) return a;
  for (std::size_t i = 0; i < std::min<std::size_t>(a.faults.size(), 5); ++i)
    std::printf("fault: %s\n", a.faults[i].c_str());
  std::printf("the books don't balance: %zu faults\n", a.faults.size());
  std::fflush(stdout);
  std::_Exit(1);
}

class traffic {
 public:
  traffic(stet::engine& engine, std::uint64_t seed) : engine_(engine), seed_(seed) {}

  /// Decides again about the transfers that were open when the last process died: perhaps it hadn't
  /// decided yet. The idempotency keys turn two decisions into one.
  void decide_again() {
    std::string last;
    for (auto ids = engine_.admin().open_runs(); !ids.empty();
         ids = engine_.admin().open_runs(last)) {
      for (const auto& id : ids) decide(std::stoull(id.substr(2)));
      last = ids.back();
    }
  }

  [[noreturn]] void flow() {
    auto n = count();
    started_ = n;
    // Neither thread returns. If this one throws, the process ends (std::terminate).
    const std::thread deciding([this, next = n]() mutable {
      for (;; ++next) {
        for (auto seen = started_.load(); seen <= next; seen = started_) started_.wait(seen);
        decide(next);
      }
    });
    for (;; n += started_at_once) {
      start(n);
      started_ = n + started_at_once;
      started_.notify_one();
      const auto mood = n / started_at_once % 2 ? account_state::frozen : account_state::open;
      engine_.transact([&](stet::transaction& tx) { set_state(tx, "moody", mood); });
      for (; open_.size() > open_at_once; open_.pop_front()) open_.front().wait_for(1min);
    }
  }

  /// Returns how many transfers there are. They are numbered without a gap, since a batch is one
  /// commit.
  std::uint64_t count() {
    const auto is = [&](std::uint64_t n) { return engine_.find(Transfer, id_of(n)).has_value(); };
    std::uint64_t below = 0, above = 1;
    while (is(above - 1)) above *= 2;
    while (below + 1 < above) (is((below + above) / 2 - 1) ? below : above) = (below + above) / 2;
    return below;
  }

 private:
  void start(std::uint64_t n) {
    std::vector<std::pair<std::string, std::tuple<order, stet::duration>>> batch;
    for (auto i = n; i < n + started_at_once; ++i)
      batch.emplace_back(id_of(i), std::tuple(plan_of(seed_, i).what, stet::duration(patience)));
    for (auto& run : engine_.start_all(Transfer, batch)) open_.push_back(run);
  }
  void decide(std::uint64_t n) try {
    const auto id = id_of(n);
    const auto p = plan_of(seed_, n);
    auto amount = p.what.amount;
    if (p.then == plan::nothing) return;
    if (p.then == plan::cancel) return engine_.cancel(id, "it was a mistake");
    if (p.then == plan::change)
      amount = engine_.update(id, Change, stet::update_options{.id = "change"}, amount / 2);
    engine_.signal(id, Decided, {p.then != plan::deny, amount}, {.idempotency_key = "decision"});
  } catch (const stet::error& e) {  // the transfer didn't wait any more
    if (e.code() != stet::errc::run_ended && e.code() != stet::errc::rejected &&
        e.code() != stet::errc::update_failed)
      throw;
  }

  stet::engine& engine_;
  std::uint64_t seed_;
  std::atomic<std::uint64_t> started_ = 0;
  std::deque<stet::run_handle<receipt>> open_;
};

/// Waits for every transfer, and compares its result with the ledger.
class reckoning {
 public:
  explicit reckoning(stet::engine& engine) : engine_(engine) {}

  int all(std::uint64_t count) {
    for (std::uint64_t n = 0; n < count; ++n) ends_.push_back(end_of(id_of(n)));
    const auto a = audited(engine_);
    if (a.flying != 0) faults_.push_back("money is in flight, and every transfer has ended");
    for (std::uint64_t n = 0; n < count; ++n) compare(id_of(n), ends_[n], a);
    std::printf("%llu transfers", static_cast<unsigned long long>(count));
    for (const auto& [how, so_many] : tally_) std::printf(", %zu %s", so_many, how.c_str());
    std::printf("\nall ended, and each is in the ledger as it said: %s\n%s\n",
                faults_.empty() ? "yes" : "NO", summary(a).c_str());
    for (const auto& f : faults_) std::printf("fault: %s\n", f.c_str());
    return faults_.empty() && count > 0 ? 0 : 1;
  }

 private:
  struct end {
    std::string how, postings;
    cents amount = 0;
  };

  end end_of(const std::string& id) try {
    const auto r = engine_.find(Transfer, id).value().result();
    const auto how = nlohmann::json(r.how).get<std::string>();
    if (r.how == ending::paid) return {how, "debit, credit", r.amount};
    if (r.how == ending::given_back) return {how, "debit, given back", r.amount};
    return {how, "", 0};
  } catch (const stet::run_cancelled&) { return {"cancelled", "", 0}; }

  void compare(const std::string& id, const end& e, const audit& a) {
    ++tally_[e.how];
    const auto at = a.traces.find(id);
    const auto t = at == a.traces.end() ? trace{} : at->second;
    const bool undone = e.how == "cancelled" && t.postings == "debit, given back";
    if (!undone && (t.postings != e.postings || t.amount != e.amount))
      faults_.push_back(id + " says " + e.how + ", " + std::to_string(e.amount) +
                        "; the ledger: " + t.postings + " " + std::to_string(t.amount));
  }

  stet::engine& engine_;
  std::vector<end> ends_;
  std::map<std::string, std::size_t> tally_;
  std::vector<std::string> faults_;
};

}  // namespace

int run_worker(const worker_options& w) {
  stet::engine engine(stet::open(w.store));
  if (w.broken.empty()) define_bank(engine);
  else define_broken_bank(engine, w.broken);
  engine.start();
  const auto a = audited(engine);
  std::printf("start: %s\n", summary(a).c_str());
  std::fflush(stdout);
  engine.transact(set_up);
  traffic t(engine, w.seed);
  t.decide_again();
  if (w.finish) return reckoning(engine).all(t.count());
  t.flow();
}
