// Stores that scan wrongly.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "controls.hpp"
#include "edited_batch.hpp"
#include "tests/conformance/support.hpp"

namespace stet_tests {
namespace {

using namespace stet_conformance;

void visit_all(const pairs& all, stet::visitor& v) {
  for (const auto& [key, value] : all) {
    if (!v.visit(key, value)) return;
  }
}

bool is_less_signed(const std::string& a, const std::string& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return static_cast<signed char>(x) < static_cast<signed char>(y);
  });
}

struct sorts_signed : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    pairs all = scanned(*inner_, r.from, r.to);
    std::sort(all.begin(), all.end(),
              [](auto& a, auto& b) { return is_less_signed(a.first, b.first); });
    if (r.backward) std::reverse(all.begin(), all.end());
    visit_all(all, v);
  }
};

struct misses_the_last_key : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    pairs all = scanned(*inner_, r.from, r.to, r.backward);
    if (all.size() > 1) all.pop_back();
    visit_all(all, v);
  }
};

/// Scans backward like a program that seeks to the end of a range and visits that key too.
struct includes_the_end_backward : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    std::string to(r.to);
    if (r.backward && !to.empty()) to += '\0';
    inner_->scan({r.from, to, r.backward}, v);
  }
};

struct shows_a_key_of_its_own : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    if (scanned(*inner_).empty()) v.visit("stet", "1");
    inner_->scan(r, v);
  }
};

struct ignores_false : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    for (const auto& [key, value] : scanned(*inner_, r.from, r.to, r.backward)) v.visit(key, value);
  }
};

struct swallows_exceptions : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    try {
      inner_->scan(r, v);
    } catch (...) {  // wrong on purpose
    }
  }
};

/// Waits until `is_so`, for a while on a busy machine. A store that makes a test wait here is wrong
/// already.
template <class F> void wait_until(F is_so) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!is_so() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// Commits a batch in two halves; the second half waits until a scan has seen the first. Two scans
/// may have begun before it.
struct commits_in_halves : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    inner_->scan(r, v);
    ++scans_;
  }
  void commit(const stet::batch& b, stet::durability d) override {
    inner_->commit(first_of(b, b.operations().size() / 2), d);
    if (++commits_ == 2) wait_until([&, before = scans_.load()] { return scans_ > before + 2; });
    inner_->commit(rest_of(b, b.operations().size() / 2), d);
  }
  std::atomic<int> scans_{0}, commits_{0};
};

/// Looks up each next key by itself, so it sees commits that are made meanwhile. The first scan
/// waits for one.
struct scans_step_by_step : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void scan(const stet::scan_range& r, stet::visitor& v) override {
    std::string from(r.from), to(r.to);
    for (int before = commits_, is_first = scans_++ == 0;;) {
      auto next = scanned(*inner_, from, to, r.backward, 1);
      if (next.empty() || !v.visit(next[0].first, next[0].second)) return;
      if (r.backward) {
        to = next[0].first;
      } else {
        from = next[0].first + '\0';
      }
      if (is_first) wait_until([&] { return commits_ > before; });
    }
  }
  void commit(const stet::batch& b, stet::durability d) override {
    inner_->commit(b, d);
    ++commits_;
  }
  std::atomic<int> commits_{0}, scans_{0};
};

}  // namespace

std::vector<control> scan_controls() {
  return {
      wrong<sorts_signed>("bytes are compared as signed",
                          "store: keys are compared as unsigned bytes, a prefix before what it "
                          "begins"),
      wrong<misses_the_last_key>("a scan misses the last key",
                                 "scan: from is included, to is excluded, an empty one is no "
                                 "bound"),
      wrong<includes_the_end_backward>("a backward scan begins at its end",
                                       "scan: backward visits the same keys from the last down"),
      wrong<shows_a_key_of_its_own>("a key of its own shows",
                                    "scan: an empty store has nothing in either direction"),
      wrong<ignores_false>("a visitor's false is ignored", "visitor: false ends the scan"),
      wrong<swallows_exceptions>("a visitor's exception is swallowed",
                                 "visitor: what it throws passes, and the store goes on"),
      wrong<commits_in_halves>("a scan sees half a batch",
                               "scan: sees one committed state, whatever is committed meanwhile"),
      wrong<scans_step_by_step>("a scan sees later commits",
                                "scan: shows nothing of a commit that comes while it is under way"),
  };
}

}  // namespace stet_tests
