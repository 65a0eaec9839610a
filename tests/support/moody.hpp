// A transform of payloads that fails when a test says so, and that has a key like an encryption.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <stet/payload.hpp>

namespace stet_tests {

/// A sealed payload is the key and the payload backwards, so no text in it can be read.
/// Thread: the one that calls the test's engine.
class moody final : public stet::payload_transform {
 public:
  explicit moody(char key = 'a', bool required = false, std::string_view name = "moody")
      : key_(key), required_(required), name_(name) {}

  std::string_view name() const noexcept override { return name_; }
  bool is_required() const noexcept override { return required_; }
  std::optional<std::string> seal(std::string_view plain, const stet::payload_place&) override {
    ++seals;
    if (on_seal) on_seal(seals);
    return std::string(1, key_) + std::string(plain.rbegin(), plain.rend());
  }
  std::string open(std::string_view sealed, const stet::payload_place&, std::size_t) override {
    ++opens;
    if (on_open) on_open(opens);
    if (sealed.empty() || sealed.front() != key_) throw std::runtime_error("another key sealed it");
    auto text = sealed.substr(1);
    std::string plain(text.rbegin(), text.rend());
    for (auto& part : refuses)
      if (plain.find(part) != std::string::npos) throw std::runtime_error("it is refused");
    return plain;
  }

  std::function<void(int)> on_seal, on_open;  // get the number of the call, and may throw
  int seals = 0, opens = 0;
  std::vector<std::string> refuses;  // payloads that contain one of these don't open

 private:
  char key_;
  bool required_;
  std::string name_;
};

}  // namespace stet_tests
