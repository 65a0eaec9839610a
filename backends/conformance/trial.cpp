#include "trial.hpp"

#include "text.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

constexpr int kBreachesMax = 4;

/// Returns in words how a call ended. Sets `is_right` to whether the contract says so, too.
std::string end_of(const std::function<void()>& f, errc code, bool refused, bool& is_right) {
  is_right = false;
  try {
    f();
    return "no error";
  } catch (const store_error& e) {
    is_right = e.code() == code && (!refused || e.outcome() == commit_outcome::refused);
    auto outcome = refused ? std::optional(e.outcome()) : std::nullopt;
    return text_of(e.code(), outcome) + ": " + detail::words_of(e);
  } catch (const std::exception& e) {
    return std::string("an exception that is no store_error: ") + detail::words_of(e);
  } catch (...) { return "an exception that is no store_error"; }
}

/// Passes every call on, and notes the calls that throw.
class noting_store final : public forwarding_store {
 public:
  noting_store(std::unique_ptr<store> s, failure_note& note)
      : forwarding_store(std::move(s)), note_(note) {}

  std::optional<std::string> get(std::string_view key) override {
    return noting([&] { return inner_->get(key); }, [&] { return "get " + text_of(key); });
  }
  void scan(const scan_range& r, visitor& v) override {
    noting([&] { inner_->scan(r, v); },
           [&] {
             return "scan from " + text_of(r.from) + " to " + text_of(r.to) +
                    (r.backward ? ", backward" : "");
           });
  }
  void commit(const batch& b, durability d) override {
    noting([&] { inner_->commit(b, d); }, [&] { return "commit " + text_of(b); });
  }
  void close() override {
    noting([&] { inner_->close(); }, [] { return std::string("close()"); });
  }

 private:
  template <class Call, class Text> auto noting(Call call, Text text) -> decltype(call()) {
    try {
      return call();
    } catch (...) {
      note_.note(text());
      throw;
    }
  }

  failure_note& note_;
};

}  // namespace

std::unique_ptr<store> trial::open() {
  std::unique_ptr<store> s;
  try {
    s = target_.open();
  } catch (...) {
    failed_call_.note("opening the store");
    throw;
  }
  if (!s) {
    tell("opening the store", "a store", "a null pointer");
    throw clause_ended();
  }
  return std::make_unique<noting_store>(std::move(s), failed_call_);
}

std::unique_ptr<store> trial::open_fresh() {
  target_.fresh();
  return open();
}

void trial::tell(std::string_view what, std::string expected, std::string found) {
  report_.breaches.push_back(
      {std::string(clause_), std::string(what), std::move(expected), std::move(found)});
  if (++breaches_ == kBreachesMax) throw clause_ended();
}

bool trial::same(std::string_view what, const pairs& expected, const pairs& found) {
  if (expected == found) return true;
  auto [e, f] = texts_of(expected, found);
  tell(what, std::move(e), std::move(f));
  return false;
}

bool trial::same(std::string_view what, const std::optional<std::string>& expected,
                 const std::optional<std::string>& found) {
  if (expected == found) return true;
  tell(what, text_of(expected), text_of(found));
  return false;
}

bool trial::same_count(std::string_view what, std::uint64_t expected, std::uint64_t found) {
  if (expected == found) return true;
  tell(what, std::to_string(expected), std::to_string(found));
  return false;
}

bool trial::holds(std::string_view what, bool is_so) {
  if (is_so) return true;
  tell(what, "yes", "no");
  return false;
}

bool trial::fails(std::string_view what, errc code, const std::function<void()>& f) {
  bool is_right = false;
  std::string found = end_of(f, code, false, is_right);
  if (!is_right) tell(what, "a store_error, " + text_of(code, {}), std::move(found));
  return is_right;
}

bool trial::refuses(std::string_view what, errc code, const std::function<void()>& f) {
  bool is_right = false;
  std::string found = end_of(f, code, true, is_right);
  if (!is_right) {
    tell(what, "a store_error, " + text_of(code, commit_outcome::refused), std::move(found));
  }
  return is_right;
}

}  // namespace conformance
}  // namespace v0
}  // namespace stet
