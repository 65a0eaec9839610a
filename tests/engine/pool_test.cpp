// Threads that run the bodies of steps.
#include "engine/bodies/pool.hpp"

#include <doctest/doctest.h>

#if defined(__linux__)
#include <sys/resource.h>
#endif

#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>
#include <functional>
#include <future>
#include <thread>

using namespace stet::detail;

namespace {

struct job final : ranked_work {
  explicit job(std::function<void()> f) : what(std::move(f)) {}
  void run() noexcept override { what(); }
  stet::step_attempt about() const noexcept override { return {}; }
  void count_time() noexcept override {}
  std::function<void()> what;
};

/// Something that happens on another thread. The wait for it is long, so only a hang fails.
struct event {
  void happens() { promise.set_value(); }
  bool wait() { return seen.wait_for(std::chrono::minutes(2)) == std::future_status::ready; }
  std::promise<void> promise;
  std::shared_future<void> seen{promise.get_future()};
};

/// Waits until something holds. The limit is long, so only a hang fails.
template <class F> bool comes_true(F holds) {
  auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace

TEST_CASE("a chain of work is run in its order, each once") {
  std::vector<int> ran;
  event done;
  job a([&] { ran.push_back(1); }), b([&] { ran.push_back(2); }), c([&] {
    ran.push_back(3);
    done.happens();
  });
  a.next = &b;
  b.next = &c;
  pool p({.least = 1, .most = 1});
  p.submit(nullptr);
  p.submit(&a);
  CHECK(done.wait());
  CHECK(p.stop() == nullptr);
  CHECK(ran == std::vector<int>{1, 2, 3});
}

TEST_CASE("a pool that has stopped begins nothing, and gives back what it is given") {
  bool ran = false;
  job a([&] { ran = true; }), b([&] { ran = true; });
  pool p({.least = 2, .most = 2});
  CHECK(p.stop() == nullptr);
  p.submit(&a);
  p.submit(&b);
  CHECK(p.stop() == &a);
  CHECK(a.next == &b);
  CHECK(!ran);
  CHECK(p.stop() == nullptr);
}

TEST_CASE("what waits behind a body is given back when that is left behind") {
  static pool& p = *new pool({.least = 1, .most = 1});  // never destroyed
  event begun, goes_on, over;
  job a([&] {
    begun.happens();
    (void)goes_on.wait();
    over.happens();
  });
  job b([] {});
  p.submit(&a);
  REQUIRE(begun.wait());
  p.submit(&b);
  CHECK(p.leave() == &b);
  goes_on.happens();
  CHECK(over.wait());
}

TEST_CASE("another body runs in the place of one that waits, however few threads there are") {
  event answer, over;
  bool heard = false;
  pool p({.least = 1, .most = 1});
  job waits([&] {
    CHECK(p.lend());
    heard = answer.wait();
    p.give_back();
    over.happens();
  });
  job answers([&] { answer.happens(); });
  waits.next = &answers;
  p.submit(&waits);
  CHECK(over.wait());
  CHECK(heard);
  p.stop();
}

TEST_CASE("a pool grows to its bound while bodies wait, and shrinks when they are gone") {
  constexpr std::size_t most = 12;
  pool p({.least = 1, .most = most, .rest = std::chrono::milliseconds(50)});
  std::atomic<std::size_t> inside{0}, most_inside{0};
  event all_inside;
  std::deque<job> jobs;
  auto together = [&] {
    if (++inside == most) all_inside.happens();
    CHECK(all_inside.wait());  // none goes on before the last has begun
    most_inside = std::max(most_inside.load(), inside.load());
  };
  for (std::size_t i = 0; i < most; ++i) jobs.emplace_back(together);
  for (auto& j : jobs) p.submit(&j);
  CHECK(all_inside.wait());
  CHECK(p.width() == most);
  CHECK(comes_true([&] { return p.width() == 1; }));
  CHECK(most_inside == most);

  event over;  // it still works, and grows again
  inside = 0;
  std::deque<job> later;
  event two_inside;
  for (int i = 0; i < 2; ++i)
    later.emplace_back([&] {
      if (++inside == 2) two_inside.happens();
      CHECK(two_inside.wait());
    });
  for (auto& j : later) p.submit(&j);
  CHECK(two_inside.wait());
  p.stop();
}

namespace {

/// Threads that have run a job, and have ended.
std::atomic<int> ended_threads{0};
struct counts_at_end {
  ~counts_at_end() { ++ended_threads; }
};

}  // namespace

TEST_CASE("threads that were made for bodies that lent theirs end when these have them back") {
  constexpr int count = 6;
  pool p({.least = 1, .most = 1, .rest = std::chrono::milliseconds(20)});
  ended_threads = 0;
  std::atomic<int> lent{0}, over{0};
  std::deque<job> jobs;
  for (int i = 0; i < count; ++i)
    jobs.emplace_back([&] {
      thread_local counts_at_end here;
      CHECK(p.lend());
      ++lent;
      CHECK(comes_true([&] { return lent == count; }));
      p.give_back();
      ++over;
    });
  for (auto& j : jobs) p.submit(&j);
  CHECK(comes_true([&] { return over == count; }));
  CHECK(comes_true([&] { return ended_threads >= count - 2; }));  // but for one, and a spare one
  p.stop();
}

TEST_CASE("a pool that stays full says so again") {
  std::atomic<int> told{0};
  pool p({.least = 1,
          .most = 1,
          .full_for = std::chrono::milliseconds(1),
          .again_after = std::chrono::milliseconds(1)},
         [&] { ++told; });
  event goes_on;
  job hangs([&] { CHECK(goes_on.wait()); }), waits([] {});
  hangs.next = &waits;
  p.submit(&hangs);
  CHECK(comes_true([&] { return told >= 3; }));
  goes_on.happens();
  p.stop();
}

TEST_CASE("a pool never runs more bodies than its bound, and says once that it is full") {
  std::atomic<int> told{0};
  pool p({.least = 1, .most = 2, .full_for = std::chrono::milliseconds(1)}, [&] { ++told; });
  std::atomic<int> inside{0}, most{0};
  std::atomic<bool> opened{false};
  std::deque<job> jobs;
  std::atomic<int> ran{0};
  for (int i = 0; i < 10; ++i)
    jobs.emplace_back([&] {
      auto now = ++inside;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {}
      CHECK(comes_true([&] { return opened.load(); }));
      --inside;
      ++ran;
    });
  for (auto& j : jobs) p.submit(&j);
  CHECK(comes_true([&] { return told == 1 && most == 2; }));  // a thread may begin late
  CHECK(p.waiting() == 8);
  opened = true;
  CHECK(comes_true([&] { return ran == 10; }));
  CHECK(told == 1);
  CHECK(most == 2);
  p.stop();
}

TEST_CASE("the attempt of the run that began first begins first") {
  pool p({.least = 1, .most = 1});
  event begun, goes_on, over;
  job first([&] {
    begun.happens();
    (void)goes_on.wait();
  });
  std::vector<int> order;
  job young([&] {
    order.push_back(2);
    over.happens();
  });
  job old([&] { order.push_back(1); });
  young.rank = 2;
  old.rank = 1;
  p.submit(&first);
  REQUIRE(begun.wait());
  p.submit(&young);
  p.submit(&old);
  goes_on.happens();
  CHECK(over.wait());
  p.stop();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("each of very many short bodies is run once, and what has not begun comes back") {
  constexpr std::size_t count = 5000;
  for (bool stops_early : {false, true}) {
    std::atomic<std::size_t> ran{0};
    std::deque<job> jobs;
    for (std::size_t i = 0; i < count; ++i) {
      jobs.emplace_back([&ran] { ++ran; });
      if (i % 100 != 0) jobs[i - 1].next = &jobs[i];  // chains of a hundred
    }
    pool p({.least = 3, .most = 3});
    for (std::size_t i = 0; i < count; i += 100) p.submit(&jobs[i]);
    if (!stops_early) CHECK(comes_true([&] { return ran == count; }));
    std::size_t back = 0;
    for (auto* w = p.stop(); w; w = w->next) ++back;
    CHECK(ran + back == count);
    CHECK((stops_early || back == 0));
  }
}

TEST_CASE("as many threads as the pool has take part, though each wakes only the next") {
  constexpr std::size_t width = 4;
  pool p({.least = width, .most = width, .patience = std::chrono::hours(1)});
  for (int round = 0; round < 20; ++round) {
    std::atomic<std::size_t> inside{0}, over{0};
    event all_inside;
    std::deque<job> jobs;
    const bool at_once = round % 2 == 0;
    for (std::size_t i = 0; i < width; ++i) {
      jobs.emplace_back([&] {
        if (++inside == width) all_inside.happens();
        CHECK(all_inside.wait());  // none ends before the last has begun
        ++over;
      });
      if (at_once && i > 0) jobs[i - 1].next = &jobs[i];
    }
    for (std::size_t i = 0; i < (at_once ? 1 : width); ++i) p.submit(&jobs[i]);
    CHECK(comes_true([&] { return over == width; }));
    if (round % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  p.stop();
}

TEST_CASE(
    "while all threads are in bodies, what is to begin next waits for the first that is free") {
  constexpr std::size_t count = 100;  // more than one comes next
  event begun, goes_on, all_ran;
  std::atomic<std::size_t> ran{0};
  std::deque<job> jobs;
  jobs.emplace_back([&] {
    begun.happens();
    CHECK(goes_on.wait());
  });
  for (std::size_t i = 1; i < count; ++i)
    jobs.emplace_back([&] {
      if (++ran == count - 1) all_ran.happens();
    });
  for (std::size_t i = 1; i < count; ++i) jobs[i - 1].next = &jobs[i];
  pool p({.least = 2, .most = 2});
  p.submit(&jobs.front());
  CHECK(begun.wait());
  CHECK(all_ran.wait());  // on the other thread: none is held by the first
  goes_on.happens();
  CHECK(p.stop() == nullptr);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STET_TESTS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STET_TESTS_SANITIZED 1
#endif
#if defined(__linux__) && !defined(STET_TESTS_SANITIZED)  // those need all addresses
TEST_CASE("a pool that gets no more threads from the machine says that it is full") {
  std::atomic<int> told{0};
  pool p({.least = 2, .most = 500, .full_for = std::chrono::milliseconds(1)}, [&] { ++told; });
  event goes_on;
  std::deque<job> jobs;
  for (int i = 0; i < 600; ++i) jobs.emplace_back([&] { (void)goes_on.wait(); });
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_AS, &before) == 0);
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  REQUIRE(pages > 0);
  rlimit little = before;
  little.rlim_cur = pages * 4096 + (rlim_t{1} << 29);  // some 60 stacks
  REQUIRE(::setrlimit(RLIMIT_AS, &little) == 0);
  for (auto& j : jobs) p.submit(&j);
  bool said = comes_true([&] { return told == 1; });
  CHECK(::setrlimit(RLIMIT_AS, &before) == 0);
  CHECK(said);
  CHECK(p.width() < 500);
  goes_on.happens();
  p.stop();
}
#endif
