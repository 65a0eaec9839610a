// A store that returns some of its values with a flipped bit.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <stet/store.hpp>

namespace stet_tests {

class damaged_store final : public stet::store {
 public:
  /// Each read calls `is_damaged` for each of its keys.
  damaged_store(std::unique_ptr<stet::store> s, std::function<bool(std::string_view)> is_damaged)
      : store_(std::move(s)), is_damaged_(std::move(is_damaged)) {}
  std::optional<std::string> get(std::string_view key) override {
    auto value = store_->get(key);
    if (value && is_damaged_(key)) turn(*value);
    return value;
  }
  void scan(const stet::scan_range& range, stet::visitor& v) override {
    struct turning final : stet::visitor {
      turning(damaged_store& s, stet::visitor& w) : self(s), v(w) {}
      bool visit(std::string_view key, std::string_view value) override {
        if (!self.is_damaged_(key)) return v.visit(key, value);
        std::string other(value);
        turn(other);
        return v.visit(key, other);
      }
      damaged_store& self;
      stet::visitor& v;
    } all(*this, v);
    store_->scan(range, all);
  }
  void commit(const stet::batch& b, stet::durability d) override { store_->commit(b, d); }
  void close() override { store_->close(); }
  stet::store_info info() const override { return store_->info(); }

 private:
  static void turn(std::string& value) {
    if (value.empty()) return;
    auto& c = value[value.size() / 2];
    c = static_cast<char>(c ^ 16);
  }
  std::unique_ptr<stet::store> store_;
  std::function<bool(std::string_view)> is_damaged_;
};

}  // namespace stet_tests
