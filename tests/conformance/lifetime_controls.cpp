// Stores that open, close, fail or die in a wrong way.
#include <unistd.h>

#include <csignal>
#include <deque>
#include <mutex>
#include <thread>

#include "controls.hpp"
#include "edited_batch.hpp"
#include "tests/conformance/support.hpp"
#if STET_TESTS_HAVE_LMDB
#include <stet/lmdb.hpp>

#include "tests/support/temporary_directory.hpp"
#endif

namespace stet_tests {
namespace {

using namespace stet_conformance;
using stet::commit_outcome;
using stet::durability;
using stet::errc;
using stet::conformance::target;

struct forgets_at_close : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, durability d) override {
    inner_->commit(b, d);
    last_ = b.empty() ? "" : b.operations().back().key;
  }
  void close() override {
    if (!last_.empty()) batch_of().erase(std::exchange(last_, "")).commit_to(*inner_);
    inner_->close();
  }
  std::string last_;
};

struct never_closes : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void close() override {}
};

struct bound_to_a_thread : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, durability d) override {
    if (thread_ == std::thread::id()) thread_ = std::this_thread::get_id();
    if (thread_ != std::this_thread::get_id()) {
      throw stet::store_error(errc::usage, "commit", "", 0, "not the thread that began");
    }
    inner_->commit(b, d);
  }
  std::thread::id thread_;
};

struct names_nothing : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  std::optional<std::string> get(std::string_view key) override {
    try {
      return inner_->get(key);
    } catch (const stet::store_error& e) {
      throw stet::store_error(e.code(), "", "", 0, "it failed", commit_outcome::refused);
    }
  }
};

/// One store for all that are opened on a place.
struct shared_store final : stet::forwarding_store {
  explicit shared_store(const std::shared_ptr<stet::store>& one)
      : forwarding_store(nullptr), one_(one) {}
  std::optional<std::string> get(std::string_view key) override { return one_->get(key); }
  void scan(const stet::scan_range& r, stet::visitor& v) override { one_->scan(r, v); }
  void commit(const stet::batch& b, durability d) override { one_->commit(b, d); }
  void close() override {}
  stet::store_info info() const override { return one_->info(); }
  std::shared_ptr<stet::store> one_;
};

target with_many_owners() {
  auto place = std::make_shared<std::shared_ptr<stet::store>>();
  return {.name = "wrong",
          .open = [=] { return std::make_unique<shared_store>(*place); },
          .fresh = [=] { *place = stet::memory::open(); }};
}

}  // namespace

std::vector<control> lifetime_controls() {
  return {
      wrong<forgets_at_close>("what was committed last is lost at close",
                              "close: what was committed is there when the store is opened again"),
      wrong<never_closes>(
          "close does nothing",
          "close: is idempotent, and every other call throws errc::store afterwards"),
      {"a second owner is allowed",
       "store_error: a store that is in use is errc::conflict, and its owner isn't disturbed",
       with_many_owners},
      wrong<names_nothing>("errors name nothing",
                           "store_error: carries the operation and the path"),
      wrong<bound_to_a_thread>("the first thread that commits is the only one",
                               "commit: may come from one thread after another"),
  };
}

namespace {

/// How much of a failing commit is written before it throws.
enum class half : std::uint8_t { nothing, part, all };

/// Fails a commit if `flag` is set: writes `written` of it, reports `outcome`, and goes on.
struct fails_wrongly : stet::forwarding_store {
  fails_wrongly(std::unique_ptr<stet::store> s, std::shared_ptr<bool> flag, half written,
                commit_outcome outcome)
      : forwarding_store(std::move(s)),
        flag_(std::move(flag)),
        written_(written),
        outcome_(outcome) {}
  std::optional<std::string> get(std::string_view key) override {
    check("get");
    return inner_->get(key);
  }
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    check("scan");
    inner_->scan(r, v);
  }
  void commit(const stet::batch& b, durability d) override {
    check("commit");
    if (!std::exchange(*flag_, false)) return inner_->commit(b, d);
    if (written_ == half::part) inner_->commit(first_of(b, 2), d);
    if (written_ == half::all) inner_->commit(b, d);
    ended_ = outcome_ == commit_outcome::unknown && written_ == half::part;
    throw stet::store_error(errc::store, "commit", "", 5, "it failed", outcome_);
  }
  /// Only the partly written batch shall be wrong: everything else works.
  void check(const char* operation) const {
    if (ended_) throw stet::store_error(errc::store, operation, "", 0, "it failed before");
  }
  std::shared_ptr<bool> flag_;
  half written_;
  commit_outcome outcome_;
  bool ended_ = false;
};

control failing(std::string_view how, half written, commit_outcome outcome) {
  constexpr std::string_view refused =
      "commit_outcome: refused means that nothing was written, and the batch may be tried again";
  constexpr std::string_view unknown =
      "commit_outcome: after unknown every call throws, until the store is opened anew and has all "
      "of the batch or nothing";
  return {how, outcome == commit_outcome::refused ? refused : unknown, [=] {
            auto flag = std::make_shared<bool>(false);
            target t = over_memory<fails_wrongly>(flag, written, outcome);
            t.fail_next_commit = [=] { *flag = true; };
            return t;
          }};
}

}  // namespace

std::vector<control> fault_controls() {
  return {
      failing("what was refused is there", half::all, commit_outcome::refused),
      failing("a part of what was refused is there", half::part, commit_outcome::refused),
      failing("it goes on after an unknown outcome", half::nothing, commit_outcome::unknown),
      failing("a part is there after an unknown outcome", half::part, commit_outcome::unknown),
  };
}

#if STET_TESTS_HAVE_LMDB
namespace {

/// Acknowledges a commit, and writes it two commits later, or at the next read.
struct writes_later : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  std::optional<std::string> get(std::string_view key) override {
    write_all_but(0);
    return inner_->get(key);
  }
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    write_all_but(0);
    inner_->scan(r, v);
  }
  void commit(const stet::batch& b, durability d) override {
    write_all_but(1);
    std::lock_guard lock(mutex_);
    held_.emplace_back(b, d);
  }
  void close() override {
    write_all_but(0);
    inner_->close();
  }
  void write_all_but(std::size_t n) {
    std::lock_guard lock(mutex_);
    for (; held_.size() > n; held_.pop_front()) inner_->commit(held_[0].first, held_[0].second);
  }
  std::mutex mutex_;
  std::deque<std::pair<stet::batch, durability>> held_;
};

/// Commits in two halves. In the fifth commit, a process other than the tests' own dies between the
/// halves.
struct dies_between_halves : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, durability d) override {
    inner_->commit(first_of(b, b.operations().size() / 2), d);
    if (++commits_ == 5) ::raise(SIGKILL);
    inner_->commit(rest_of(b, b.operations().size() / 2), d);
  }
  int commits_ = 0;
};

/// Opens the place at its first use, and not when it is constructed.
struct opens_late : stet::forwarding_store {
  explicit opens_late(std::function<std::unique_ptr<stet::store>()> open)
      : forwarding_store(nullptr), open_(std::move(open)) {}
  stet::store& inner() const {
    if (!inner_) const_cast<opens_late*>(this)->inner_ = open_();
    return *inner_;
  }
  std::optional<std::string> get(std::string_view key) override { return inner().get(key); }
  void scan(const stet::scan_range& r, stet::visitor& v) override { inner().scan(r, v); }
  void commit(const stet::batch& b, durability d) override { inner().commit(b, d); }
  void close() override {
    if (inner_) inner_->close();
  }
  stet::store_info info() const override { return inner().info(); }
  std::function<std::unique_ptr<stet::store>()> open_;
};

/// Stores of LMDB, each changed by `change`.
template <class F> target over_lmdb(F change) {
  auto dir = std::make_shared<temporary_directory>();
  auto n = std::make_shared<int>(0);
  const auto open = [=]() -> std::unique_ptr<stet::store> {
    return stet::lmdb::open(*dir / std::to_string(*n), {.map_bytes = 1 << 16});
  };
  return {.name = "wrong",
          .open = [=] { return change(open); },
          .durable = true,
          .fresh = [=] { ++*n; }};
}

template <class W> target around_lmdb() {
  return over_lmdb([](const auto& open) { return std::make_unique<W>(open()); });
}

}  // namespace

std::vector<control> process_controls() {
  constexpr std::string_view killed =
      "durability: what was acknowledged survives SIGKILL, and no batch in part";
  return {
      {"it acknowledges and writes later", killed, around_lmdb<writes_later>},
      {"a process dies between the halves of a batch", killed, around_lmdb<dies_between_halves>},
      {"a second process may open it",
       "store: has one owner among processes too, and its death frees the place",
       [] {
         return over_lmdb([](const auto& open) { return std::make_unique<opens_late>(open); });
       }},
  };
}
#else
std::vector<control> process_controls() { return {}; }
#endif

}  // namespace stet_tests
