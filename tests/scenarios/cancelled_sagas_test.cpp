// A saga that is cancelled at any point keeps nothing: what comes after the cancellation is undone,
// too.
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<std::string()> Trip{"trip"};

/// The world outside. A request that is repeated is the same request: it has its effect once.
class provider {
 public:
  void request(const std::string& what, const stet::completion<std::string>& done) {
    std::lock_guard lock(mutex_);
    requests_[what].done = done;
  }
  void cancel(const std::string& what) {
    std::lock_guard lock(mutex_);
    booked_.erase(what);
  }
  /// A request that was made has its effect. Returns false if there is none.
  bool take_effect() {
    std::lock_guard lock(mutex_);
    for (auto& [what, r] : requests_) {
      if (std::exchange(r.had_effect, true)) continue;
      booked_.insert(what);
      return true;
    }
    return false;
  }
  /// A request that had its effect is answered. Returns false if there is none.
  bool answer() {
    std::string name;
    std::optional<stet::completion<std::string>> done;
    {
      std::lock_guard lock(mutex_);
      for (auto& [what, r] : requests_) {
        if (!r.had_effect || !r.done) continue;
        name = what;
        done = std::exchange(r.done, std::nullopt);
        break;
      }
    }
    if (done) done->resolve(name);
    return done.has_value();
  }
  std::size_t booked() {
    std::lock_guard lock(mutex_);
    return booked_.size();
  }
  void clear() {
    std::lock_guard lock(mutex_);
    requests_.clear();
    booked_.clear();
  }

 private:
  struct request_of {
    std::optional<stet::completion<std::string>> done;  // of the latest attempt; none: answered
    bool had_effect = false;
  };
  std::mutex mutex_;
  std::map<std::string, request_of> requests_;
  std::set<std::string> booked_;
};
provider hotels;

void book(const stet::completion<std::string>& done, const std::string& what) {
  hotels.request(what, done);
}
void cancel(const std::string& what) { hotels.cancel(what); }

stet::task<std::string> trip(stet::context& ctx) {
  co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
    std::string all;
    for (std::string what : {"hotel", "flight", "car"}) {
      all += co_await s.step("book " + what, book, what).undo("cancel " + what, cancel) + " ";
    }
    co_return all;
  });
}

/// Everything that can happen outside happens, until nothing more does.
void come_to_rest(world& w) {
  do w.finish();
  while (hotels.take_effect() || hotels.answer());
}

}  // namespace

TEST_CASE("a saga that is cancelled at any point keeps nothing") {
  everywhere_by_hand([](world& w) {
    constexpr int points = 7;  // before, and after each of the three effects and their answers
    for (int point = 0; point < points; ++point) {
      for (bool dies : {false, true}) {
        INFO("cancelled after ", point, " things happened outside, the process dies: ", dies);
        hotels.clear();
        w.open([](stet::engine& e) { e.define(Trip, trip); });
        auto id = "t-" + std::to_string(point) + (dies ? "-dies" : "");
        auto run = w.engine().start(Trip, id);
        for (int i = 0; i < point; ++i) {
          w.settle();
          bool happened = i % 2 == 0 ? hotels.take_effect() : hotels.answer();
          CHECK(happened);
        }
        w.settle();
        if (point < points - 1) run.cancel("rain");
        if (dies) w.restart();
        come_to_rest(w);
        auto status = w.engine().find(Trip, id).value().status();
        bool made = point == points - 1;  // it had ended before
        CHECK(status == (made ? stet::status::completed : stet::status::cancelled));
        CHECK(hotels.booked() == (made ? 3 : 0));
        w.close();
      }
    }
  });
}
