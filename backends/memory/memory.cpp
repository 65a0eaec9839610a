// A store in memory: one ordered map under a lock. It is also the simplest example of a backend.
#include <atomic>
#include <map>

#include <stet/memory.hpp>

#include "../common/checks.hpp"
#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace memory {

using table = std::map<std::string, std::string, std::less<>>;

class contents {
 public:
  port::shared_mutex lock;
  table keys STET_GUARDED_BY(lock);
  // With a lock that prefers readers, overlapping scans would keep a commit out for ever. So
  // readers and writers queue here first.
  port::mutex turnstile;
  std::atomic<bool> open{false};
};

std::shared_ptr<contents> make_contents() { return std::make_shared<contents>(); }

namespace {

class memory_store final : public store {
 public:
  explicit memory_store(std::shared_ptr<contents> c) : contents_(std::move(c)) {
    if (contents_->open.exchange(true)) {
      throw store_error(errc::conflict, "memory open", "", 0,
                        "another store is open on these contents; close it first",
                        commit_outcome::refused);
    }
  }
  ~memory_store() override { memory_store::close(); }

  std::optional<std::string> get(std::string_view key) override {
    check_open("get");
    backend::check_key(info_, "get", key);
    port::unique_lock queue(contents_->turnstile);
    port::shared_guard shared(contents_->lock);
    queue.unlock();
    auto it = contents_->keys.find(key);
    return it == contents_->keys.end() ? std::nullopt : std::optional(it->second);
  }

  void scan(const scan_range& range, visitor& v) override {
    check_open("scan");
    if (backend::is_empty(range)) return;
    port::unique_lock queue(contents_->turnstile);
    port::shared_guard shared(contents_->lock);
    queue.unlock();
    auto first = contents_->keys.lower_bound(range.from);
    auto last = range.to.empty() ? contents_->keys.end() : contents_->keys.lower_bound(range.to);
    if (!range.backward) {
      while (first != last && v.visit(first->first, first->second)) ++first;
      return;
    }
    while (last != first) {
      --last;
      if (!v.visit(last->first, last->second)) return;
    }
  }

  void commit(const batch& b, durability) override {
    check_open("commit");
    backend::check_batch(info_, b);
    // Every allocation is before the first change: applying can't fail.
    std::vector<table::node_type> nodes = copy_puts(b);
    port::lock_guard queue(contents_->turnstile);
    port::lock_guard exclusive(contents_->lock);
    check_expectations(b);
    apply(b, nodes);
  }

  void close() override {
    if (!closed_.exchange(true)) contents_->open = false;
  }

  store_info info() const override { return info_; }

 private:
  void check_open(const char* what) const {
    if (closed_) backend::fail_closed(info_, what);
  }

  static std::vector<table::node_type> copy_puts(const batch& b) {
    std::vector<table::node_type> nodes;
    for (const auto& o : b.operations()) {
      if (o.what != batch::kind::put) continue;
      table one;
      one.emplace(o.key, o.value);
      nodes.push_back(one.extract(one.begin()));
    }
    return nodes;
  }

  void check_expectations(const batch& b) const STET_REQUIRES_SHARED(contents_->lock) {
    for (const auto& o : b.operations()) {
      if (o.what != batch::kind::expect) continue;
      auto it = contents_->keys.find(o.key);
      std::optional<std::string_view> value;
      if (it != contents_->keys.end()) value = it->second;
      backend::check_expectation(info_, o, value);
    }
  }

  void apply(const batch& b, std::vector<table::node_type>& nodes) noexcept
      STET_REQUIRES(contents_->lock) {
    table& keys = contents_->keys;
    auto node = nodes.begin();
    for (const auto& o : b.operations()) {
      switch (o.what) {
        case batch::kind::put: {
          auto result = keys.insert(std::move(*node++));
          if (!result.inserted) result.position->second.swap(result.node.mapped());
          break;
        }
        case batch::kind::erase: {
          if (auto it = keys.find(o.key); it != keys.end()) keys.erase(it);
          break;
        }
        case batch::kind::erase_range:
          if (o.key < o.value) keys.erase(keys.lower_bound(o.key), keys.lower_bound(o.value));
          break;
        case batch::kind::expect: break;
      }
    }
  }

  const store_info info_{.scheme = "memory", .path = ""};
  std::shared_ptr<contents> contents_;
  std::atomic<bool> closed_{false};
};

}  // namespace

std::unique_ptr<store> open(std::shared_ptr<contents> c) {
  return std::make_unique<memory_store>(c ? std::move(c) : make_contents());
}

}  // namespace memory
}  // namespace v0
}  // namespace stet
