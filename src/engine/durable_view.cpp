// What is durable, while the store refuses to write: the runs in memory are ahead of it, and what
// would be told of them could be lost.
#include "base/hooks.hpp"
#include "engine/core.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

/// Another's store, to read.
class borrowed_store final : public store {
 public:
  explicit borrowed_store(store& s) noexcept : store_(s) {}
  std::optional<std::string> get(std::string_view key) override { return store_.get(key); }
  void scan(const scan_range& range, visitor& v) override { store_.scan(range, v); }
  void commit(const batch&, durability) override {
    throw error(errc::usage, "commit", "a view of a store writes nothing");
  }
  void close() override {}
  store_info info() const override { return store_.info(); }

 private:
  store& store_;
};

}  // namespace

/// Reads what a start would read, and owns nothing.
void engine_core::read_only() {
  tick();
  try {
    journal looking(*store_, options_.commits);
    looking.look([&](const record& r, std::string_view bytes, std::uint64_t lsn) {
      recover_record(r, bytes, lsn);
    });
    finish_reading(looking);
  } catch (...) {
    forget_preview();
    throw;
  }
}

/// The engine from which a reader reads: this one, or while the store refuses to write another that
/// has read what is in the store, which nothing changes meanwhile.
engine_core& engine_core::seen() {
  if (!is_refused()) return *this;
  if (!durable_view_) {
    auto options = options_;
    options.threads = 0;
    options.executor = nullptr;
    options.listener = &listener_;  // which is told one thing at a time
    auto view = std::make_shared<engine_core>(std::make_unique<borrowed_store>(*store_),
                                              std::move(options));
    view->read_only();
    view->recovered_.clear();
    durable_view_ = std::move(view);
  }
  return *durable_view_;
}

}  // namespace detail
}}  // namespace stet::v0
