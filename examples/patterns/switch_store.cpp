// A running application changes its database: a run that sleeps in one store wakes up in the other.
//
// Prints:
//   packed
//   1 run moved, and the copy is sound
//   sent
#include <unistd.h>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <optional>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>
#include <thread>

using namespace std::chrono_literals;

inline constexpr stet::workflow<void()> Parcel{"parcel"};

// No line of this workflow depends on the store.
stet::task<void> parcel(stet::context& ctx) {
  co_await ctx.step("pack", [] { std::puts("packed"); });
  co_await ctx.sleep(300ms);  // or thirty days
  co_await ctx.step("send", [] { std::puts("sent"); });
}

struct application {
  explicit application(const std::string& url) : engine(stet::open(url)) {
    engine.define(Parcel, parcel);
    engine.start();
  }
  stet::engine engine;
};

void move_and_go_on(const std::string& from, const std::string& to) {
  std::optional<application> app(from);
  app->engine.start(Parcel, "p-1");
  while (app->engine.admin().describe("p-1").value().next_wakeup == stet::time_point{})
    std::this_thread::sleep_for(5ms);

  app.reset();  // closes: a run under way goes on later
  stet::copy(from, to);
  bool sound = stet::check(to).ok();
  app.emplace(to);
  std::printf("%d run moved, and the copy is %s\n", static_cast<int>(app->engine.admin().count()),
              sound ? "sound" : "damaged");
  app->engine.find(Parcel, "p-1")->result();
}

int main(int count, char** arguments) try {
  auto folder = std::filesystem::temp_directory_path() / ("stet-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  move_and_go_on(count > 1 ? arguments[1] : "lmdb:" + (folder / "one").string(),
                 count > 2 ? arguments[2] : "rocksdb:" + (folder / "two").string());
  std::filesystem::remove_all(folder);
} catch (const std::exception& e) {
  std::fprintf(stderr, "switch_store: %s\n", e.what());
  return 1;
}
