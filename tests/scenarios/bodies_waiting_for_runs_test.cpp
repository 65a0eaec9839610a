// Bodies that wait for runs of their own engine let other bodies use their threads. Each engine is
// in a process of its own, so that a hang becomes a failure of the test.
#include <condition_variable>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "tests/support/child_process.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Outer{"outer"};
inline constexpr stet::workflow<int(int)> Inner{"inner"};
inline constexpr stet::workflow<int(int)> Held{"held"};  // an inner run that waits for Go
inline constexpr stet::signal<int> Go{"go"};

constexpr int patience_ms = 120'000;

std::string inner_id(int n) { return "inner-" + std::to_string(n); }

void define(stet::engine& e, const stet::workflow<int(int)>& inner = Inner) {
  e.define(Inner, [](stet::context& ctx, int n) -> stet::task<int> {
    co_return co_await ctx.step("add", [](int m) { return m + 1; }, n);
  });
  e.define(Held, [](stet::context& ctx, int n) -> stet::task<int> {
    co_await ctx.receive(Go);
    co_return co_await ctx.step("add", [](int m) { return m + 1; }, n);
  });
  e.define(Outer, [&e, &inner](stet::context& ctx, int n) -> stet::task<int> {
    co_return co_await ctx.step("wait", {.retry = {.initial_interval = 10ms}}, [&e, &inner, n] {
      return e.start(inner, inner_id(n), n).result();
    });
  });
}

/// Starts `count` runs whose bodies wait, and adds up their results. Calls `let_go` when all have
/// started.
int sum_of(stet::engine& e, int count, const std::function<void()>& let_go = [] {}) {
  std::vector<stet::run_handle<int>> runs;
  runs.reserve(count);
  for (int n = 0; n < count; ++n) runs.push_back(e.start(Outer, std::to_string(n), n));
  let_go();
  int sum = 0;
  for (auto& run : runs) sum += run.result();
  return sum;
}

bool comes_to_its_end(const std::function<void()>& f) {
  child_process child([&](int pipe) {
    f();
    child_process::tell(pipe, "ended");
  });
  auto heard = child.hear(patience_ms);
  CHECK(heard == "ended");
  return heard == "ended";
}

/// An executor that isn't the engine's, with one thread.
class one_thread final : public stet::executor {
 public:
  one_thread() : thread_([this] { serve(); }) {}
  ~one_thread() override { (void)one_thread::stop(); }
  void submit(stet::work* first) noexcept override {
    std::lock_guard lock(mutex_);
    for (auto* w = first; w;) queue_.push_back(std::exchange(w, w->next));
    wake_.notify_one();
  }
  stet::work* stop() noexcept override {
    stet::work* left = nullptr;
    {
      std::lock_guard lock(mutex_);
      over_ = true;
      for (; !queue_.empty(); queue_.pop_back()) {
        queue_.back()->next = left;
        left = queue_.back();
      }
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
    return left;
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return over_ || !queue_.empty(); });
      if (over_) return;
      auto* w = queue_.front();
      queue_.pop_front();
      lock.unlock();
      w->run();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<stet::work*> queue_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("bodies that wait for runs of their own engine don't occupy its threads") {
  for (unsigned threads : {1u, 4u}) {
    CAPTURE(threads);
    CHECK(comes_to_its_end([&] {
      recorder heard;
      stet::engine e(stet::memory::open(), {.threads = threads, .listener = &heard});
      define(e, Held);
      e.start();
      constexpr int count = 8;
      auto let_go = [&] {
        while (!heard.heard("wait for runs of this engine")) std::this_thread::sleep_for(1ms);
        for (int n = 0; n < count; ++n) {
          while (!e.find(Held, inner_id(n))) std::this_thread::sleep_for(1ms);
          e.find(Held, inner_id(n))->signal(Go, 1);
        }
      };
      if (sum_of(e, count, let_go) != 36) throw std::runtime_error("another sum");
    }));
  }
}

TEST_CASE("more bodies than there may be threads wait for runs, and all come to their end") {
  CHECK(comes_to_its_end([&] {
    recorder heard;
    stet::engine e(stet::memory::open(), {.threads = 4, .listener = &heard});
    define(e);
    e.start();
    constexpr int count = 400;
    if (sum_of(e, count) != count * (count + 1) / 2) throw std::runtime_error("another sum");
  }));
}

TEST_CASE("an executor all of whose threads wait for runs of the engine is told to the listener") {
  for (unsigned threads : {1u, 0u}) {
    CAPTURE(threads);
    CHECK(comes_to_its_end([&] {
      recorder heard;
      one_thread executor;
      stet::engine e(stet::memory::open(),
                     {.threads = threads, .executor = &executor, .listener = &heard});
      define(e);
      e.start();
      auto run = e.start(Outer, "0", 0);
      while (!heard.heard("wait for runs of this engine")) (void)run.wait_for(10ms);
    }));
  }
}
