// A thousand downloads at once, and one thread: each step begins its download and returns; the
// library's callback ends it.
//
// Prints:
//   under way at once: 1000
//   downloaded: 1000, tried twice: 10
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <functional>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

inline constexpr stet::workflow<std::string(int)> DownloadAll{"download-all"};

// A library: it keeps callbacks, and calls them from a thread of its own.
struct {
  std::mutex mutex;
  std::vector<std::function<void()>> callbacks;
  std::size_t most = 0;
  void get(int page, const std::function<void(bool)>& done) {
    std::lock_guard lock(mutex);
    callbacks.push_back([page, done, first = seen.insert(page).second] {
      done(page % 100 != 0 || !first);  // a few fail at first
    });
    most = std::max(most, callbacks.size());
  }
  void serve(const std::atomic<bool>& over) {
    for (; !over; std::this_thread::sleep_for(1ms)) {
      std::unique_lock lock(mutex);
      if (most < 1000) continue;
      auto now = std::exchange(callbacks, {});
      lock.unlock();
      for (auto& call : now) call();
    }
  }
  std::set<int> seen;
} library;

void begin(stet::completion<int> done, int page) {
  library.get(page, [done](bool good) {
    if (good) done.resolve(static_cast<int>(done.attempt()));
    else done.reject(std::runtime_error("no answer"));
  });
}

stet::task<std::string> download_all(stet::context&, int pages) {
  std::vector<int> all(static_cast<std::size_t>(pages));
  std::iota(all.begin(), all.end(), 0);
  auto attempts = co_await stet::map(all, [](stet::context& c, int& page) {
    return c.step("get", {.retry = {.initial_interval = 10ms}, .timeout = 1min}, begin, page);
  });
  auto twice = std::count(attempts.begin(), attempts.end(), 2);
  co_return "downloaded: " + std::to_string(attempts.size()) +
      ", tried twice: " + std::to_string(twice);
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"), {.threads = 1});
  engine.define(DownloadAll, download_all);
  engine.start();
  auto run = engine.start(DownloadAll, "site", 1000);
  std::atomic<bool> over{false};
  std::thread thread([&] { library.serve(over); });
  auto text = run.result();
  over = true;
  thread.join();
  std::printf("under way at once: %zu\n%s\n", library.most, text.c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "non_blocking: %s\n", e.what());
  return 1;
}
