// LMDB: what a reader sees if it is stopped while it begins, next to a stopped commit.
#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <stet/lmdb.hpp>
#include <string>
#include <thread>

#include "tests/support/temporary_directory.hpp"

namespace {

using namespace std::chrono_literals;

void hold_up(int) {
  const timespec pause{0, 200'000};
  ::nanosleep(&pause, nullptr);
}

/// While an object of this class exists, SIGUSR2 stops the thread that gets it.
class holding_up {
 public:
  holding_up() {
    struct sigaction action{};
    action.sa_handler = hold_up;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGUSR2, &action, &before_);
  }
  ~holding_up() { ::sigaction(SIGUSR2, &before_, nullptr); }

 private:
  struct sigaction before_{};
};

}  // namespace

// Plain LMDB fails this test: see `readers`.
TEST_CASE("what is read from LMDB never becomes older, whichever thread is held up where [S190]") {
  const stet_tests::temporary_directory directory;
  auto store = stet::lmdb::open(directory / "store", {.log_bytes = 0});
  std::atomic<bool> done{false};
  std::atomic<long> reads{0}, older{0};
  const holding_up on;
  std::thread committing([&] {
    for (long i = 1; !done; ++i) {
      stet::batch b;
      b.put("k", std::to_string(i));
      store->commit(b, stet::durability::process);
    }
  });
  std::thread reading([&] {
    for (long latest = 0; !done; ++reads) {
      auto value = store->get("k");
      const long seen = value ? std::stol(*value) : 0;
      older += seen < latest;
      latest = seen;
    }
  });
  for (int i = 0; i < 6000; ++i) {
    ::pthread_kill(reading.native_handle(), SIGUSR2);
    std::this_thread::sleep_for(std::chrono::microseconds(i % 200));
    ::pthread_kill(committing.native_handle(), SIGUSR2);
    std::this_thread::sleep_for(300us);
  }
  done = true;
  committing.join();
  reading.join();
  MESSAGE(older.load(), " of ", reads.load(), " reads");
  CHECK(older == 0);
}
