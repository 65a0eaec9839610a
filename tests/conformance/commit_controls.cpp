// Stores that write, erase and expect wrongly.
#include <algorithm>
#include <map>

#include "controls.hpp"
#include "edited_batch.hpp"
#include "tests/conformance/support.hpp"

namespace stet_tests {
namespace {

using namespace stet_conformance;
using kind = stet::batch::kind;
using operation = stet::batch::operation;
using stet::errc;

/// Commits each batch as `edit` changes it.
template <class Edit> struct editing_store : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, stet::durability d) override {
    auto all = b.operations();
    Edit{}(all, *inner_);
    inner_->commit(to_batch(all), d);
  }
};

struct loses_a_put {
  void operator()(std::vector<operation>& all, stet::store&) const {
    if (all.size() > 1 && all.back().what == kind::put) all.pop_back();
  }
};

struct turns_batches {
  void operator()(std::vector<operation>& all, stet::store&) const {
    std::reverse(all.begin(), all.end());
  }
};

struct writes_over {
  void operator()(std::vector<operation>& all, stet::store& s) const {
    for (auto& o : all) {
      if (o.what != kind::put) continue;
      auto old = s.get(o.key);
      if (old && old->size() > o.value.size()) o.value += old->substr(o.value.size());
    }
  }
};

struct misses_the_absent {
  void operator()(std::vector<operation>& all, stet::store& s) const {
    for (auto& o : all) {
      if (o.what == kind::erase && !s.get(o.key)) {
        throw stet::store_error(errc::not_found, "commit", "", 0, "no such key");
      }
    }
  }
};

struct refuses_nothing {
  void operator()(std::vector<operation>& all, stet::store&) const {
    if (all.empty()) throw stet::store_error(errc::usage, "commit", "", 0, "an empty batch");
  }
};

struct erases_the_end {
  void operator()(std::vector<operation>& all, stet::store&) const {
    for (auto& o : all) {
      if (o.what == kind::erase_range && !o.value.empty()) o.value += '\0';
    }
  }
};

struct erases_to_no_end {
  void operator()(std::vector<operation>& all, stet::store&) const {
    for (auto& o : all) {
      if (o.what == kind::erase_range && o.value.empty()) o.value = std::string(600, '\xff');
    }
  }
};

struct erases_only_a_page {
  void operator()(std::vector<operation>& all, stet::store& s) const {
    for (auto& o : all) {
      if (o.what != kind::erase_range || o.value.empty()) continue;
      auto first = scanned(s, o.key, o.value, false, 200);
      if (first.size() == 200) o.value = first.back().first;
    }
  }
};

struct takes_empty_for_absent {
  void operator()(std::vector<operation>& all, stet::store&) const {
    for (auto& o : all) o.absent = o.absent || (o.what == kind::expect && o.value.empty());
  }
};

struct expects_nothing {
  void operator()(std::vector<operation>& all, stet::store&) const {
    std::erase_if(all, [](auto& o) { return o.what == kind::expect; });
  }
};

/// An expectation sees the puts that come before it in the batch.
struct expects_too_late {
  void operator()(std::vector<operation>& all, stet::store&) const {
    std::map<std::string, std::string> put;
    std::vector<operation> left;
    for (auto& o : all) {
      if (o.what == kind::put) put[o.key] = o.value;
      if (o.what != kind::expect || !put.contains(o.key)) {
        left.push_back(o);
      } else if (o.absent || put[o.key] != o.value) {
        throw stet::store_error(errc::conflict, "commit", "", 0, "it holds another value",
                                stet::commit_outcome::refused);
      }
    }
    all = left;
  }
};

struct cuts_values {
  void operator()(std::vector<operation>& all, stet::store&) const {
    for (auto& o : all) {
      if (o.what == kind::put && o.value.size() > 65535) o.value.resize(65535);
    }
  }
};

struct cuts_batches {
  void operator()(std::vector<operation>& all, stet::store&) const {
    if (all.size() > 4096) all.resize(4096);
  }
};

/// Drops the last erase of a batch with more than 8 operations. Only the random walk has such
/// batches: about every second one is, so each seed finds it.
struct forgets_the_last_erase {
  void operator()(std::vector<operation>& all, stet::store&) const {
    if (all.size() <= 8) return;
    auto last = std::find_if(all.rbegin(), all.rend(),
                             [](const operation& o) { return o.what == kind::erase; });
    if (last != all.rend()) all.erase(std::next(last).base());
  }
};

template <std::size_t Bytes> struct cuts_keys : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  std::optional<std::string> get(std::string_view key) override {
    return inner_->get(key.substr(0, Bytes));
  }
  void commit(const stet::batch& b, stet::durability d) override {
    auto all = b.operations();
    for (auto& o : all) {
      if (o.key.size() > Bytes) o.key.resize(Bytes);
    }
    inner_->commit(to_batch(all), d);
  }
};

/// A commit that isn't sync becomes visible only with the next one.
struct holds_back : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  void commit(const stet::batch& b, stet::durability d) override {
    inner_->commit(held_, d);
    held_.clear();
    if (d == stet::durability::sync) {
      inner_->commit(b, d);
    } else {
      held_ = b;
    }
  }
  void close() override {
    inner_->commit(held_, stet::durability::sync);
    inner_->close();
  }
  stet::batch held_;
};

struct gets_by_prefix : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  std::optional<std::string> get(std::string_view key) override {
    if (auto value = inner_->get(key)) return value;
    auto found = scanned(*inner_, key, {}, false, 1);
    if (found.empty() || !found[0].first.starts_with(key)) return std::nullopt;
    return found[0].second;
  }
};

/// The limit that it reports for values isn't the one that it keeps.
struct takes_longer_values : stet::forwarding_store {
  using forwarding_store::forwarding_store;
  stet::store_info info() const override {
    auto i = inner_->info();
    i.value_bytes_max = 1u << 20;
    return i;
  }
};

}  // namespace

std::vector<control> commit_controls() {
  return {
      wrong<gets_by_prefix>("get takes the beginning of a key for a key",
                            "get: the value, or nothing"),
      wrong<editing_store<loses_a_put>>("loses a put of a batch",
                                        "commit: a batch becomes visible together"),
      wrong<editing_store<turns_batches>>(
          "the last operation comes first",
          "batch: operations apply in the order in which they were added"),
      wrong<editing_store<writes_over>>(
          "a put leaves the rest of a longer value",
          "put: replaces a value by a longer, a shorter and an empty one"),
      wrong<editing_store<misses_the_absent>>("erase of an absent key is an error",
                                              "erase: no error if the key is absent"),
      wrong<editing_store<refuses_nothing>>("an empty batch is an error",
                                            "commit: an empty batch is fine"),
      wrong<holds_back>("a commit that isn't sync is held back",
                        "commit: each durability is visible at once"),
      wrong<editing_store<erases_the_end>>("erase_range includes its end",
                                           "erase_range: removes every key k with from <= k < to"),
      wrong<editing_store<erases_to_no_end>>(
          "an empty end is no end",
          "erase_range: nothing is below an empty end, or between a bound and a lower one"),
      wrong<editing_store<erases_only_a_page>>(
          "erase_range stops after a while",
          "erase_range: a thousand keys and many pages, and nothing beside them"),
      wrong<editing_store<takes_empty_for_absent>>(
          "an empty value counts as absent",
          "expect: holds for an equal value, for an absent key, and for an empty value"),
      wrong<editing_store<expects_nothing>>(
          "expectations are ignored",
          "expect: else the commit is refused with errc::conflict, and nothing is applied"),
      wrong<editing_store<expects_too_late>>(
          "expectations see the batch itself",
          "expect: is about the state before the batch, wherever it stands in it"),
      wrong<cuts_keys<256>>("keys are cut at 256 bytes",
                            "store: a key is 1 to key_bytes_max bytes of any value"),
      wrong<cuts_keys<511>>(
          "too long keys are cut",
          "store: an empty or too long key is errc::usage, and the whole batch is refused"),
      wrong<editing_store<cuts_values>>("values are cut at 64 KiB",
                                        "store: values of 1 MiB, and around the sizes of pages"),
      wrong<takes_longer_values>("values may be longer than it says",
                                 "store: a value of more than value_bytes_max is errc::usage, and "
                                 "the whole batch is refused"),
      wrong<editing_store<cuts_batches>>("a batch ends at 4,096 operations",
                                         "commit: ten thousand operations at once"),
      wrong<editing_store<forgets_the_last_erase>>(
          "the last erase of a large batch is forgotten",
          "store: behaves as a std::map with atomic batches, step by step"),
  };
}

}  // namespace stet_tests
