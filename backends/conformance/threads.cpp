// Readers on other threads while one thread commits.
#include <atomic>
#include <chrono>
#include <thread>

#include "port/mutex.hpp"
#include "trial.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

/// Makes the values of one commit differ in length from the values of the next.
std::size_t padding(int commit) { return std::size_t{300} * static_cast<unsigned>(commit % 7); }

/// Every commit writes the same number to ten keys.
void count_up(store& s, int commits) {
  for (int i = 1; i <= commits; ++i) {
    batch_of b;
    for (char c = 'a'; c <= 'j'; ++c) {
      b.put(std::string(1, c), std::to_string(i) + std::string(padding(i), ' '));
    }
    b.commit_to(s, i % 4 == 0 ? durability::sync : durability::process);
  }
}

/// Counts reads that saw no single committed state (mixed), or a state before one that was seen
/// already (earlier).
struct wrong_reads {
  std::atomic<std::uint64_t> mixed{0}, earlier{0};
  failure_note error;  // the error of a reader that failed
};

void scan_until(const std::atomic<bool>& done, store& s, bool backward, wrong_reads& wrong) {
  int latest = 0;
  while (!done) {
    const auto found = scanned(s, {}, {}, backward);
    if (found.empty()) continue;
    const int seen = std::stoi(found.front().second);
    bool whole = found.size() == 10;
    for (const auto& [k, v] : found) whole = whole && v == found.front().second;
    wrong.mixed += !whole;
    wrong.earlier += seen < latest;
    latest = seen;
  }
}

void get_until(const std::atomic<bool>& done, store& s, wrong_reads& wrong) {
  int latest = 0;
  while (!done) {
    const auto value = s.get("e");
    const int seen = value ? std::stoi(*value) : 0;
    wrong.earlier += seen < latest;
    latest = seen;
  }
}

void check_one_state(trial& t) {
  auto s = t.open_fresh();
  std::atomic<bool> done{false};
  wrong_reads wrong;
  std::vector<std::thread> readers;
  const auto start = [&](auto read) {
    readers.emplace_back([&wrong, read] {
      try {
        read();
      } catch (const std::exception& e) { wrong.error.note(detail::words_of(e)); } catch (...) {
        wrong.error.note("an exception that is no std::exception");
      }
    });
  };
  for (bool backward : {false, true}) {
    start([&, backward] { scan_until(done, *s, backward, wrong); });
  }
  for (int i = 0; i < 2; ++i) start([&] { get_until(done, *s, wrong); });
  std::string error;
  try {
    count_up(*s, 200);
  } catch (const std::exception& e) { error = detail::words_of(e); }
  done = true;
  for (auto& r : readers) r.join();
  if (!error.empty()) t.tell("200 commits beside readers", "no error", error);
  if (!wrong.error.text().empty()) t.tell("reads beside commits", "no error", wrong.error.text());
  t.same_count("scans that saw a part of a batch", 0, wrong.mixed);
  t.same_count("reads that saw what was before an earlier one", 0, wrong.earlier);
  t.same("get after 200 commits", std::to_string(200) + std::string(padding(200), ' '),
         s->get("a"));
}

/// Lets another thread commit while a scan is at its first key. A store may hold the commit back
/// until the scan has ended, so the scan waits for it only a short time.
class commit_amid {
 public:
  explicit commit_amid(std::function<void()> commit)
      : thread_([this, commit = std::move(commit)] {
          port::unique_lock lock(mutex_);
          while (!begin_) changed_.wait(lock);
          lock.unlock();
          try {
            commit();
          } catch (const std::exception& e) { error_ = detail::words_of(e); }
          lock.lock();
          ended_ = true;
          changed_.notify_all();
        }) {}

  void begin_and_wait() {
    port::unique_lock lock(mutex_);
    begin_ = true;
    changed_.notify_all();
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    while (!ended_ && changed_.wait_until(lock, end)) {}
  }
  /// Returns what went wrong with the commit; empty if it was well.
  std::string join() {
    begin_and_wait();
    thread_.join();
    return error_;
  }

 private:
  port::mutex mutex_;
  port::condition changed_;
  bool begin_ STET_GUARDED_BY(mutex_) = false;
  bool ended_ STET_GUARDED_BY(mutex_) = false;
  std::string error_;  // of the thread, until that has ended
  std::thread thread_;
};

/// Scans a, c, e, … while a commit changes all of them, erases some and adds b, d, f, …
void check_commit_amid(trial& t, bool backward) {
  auto s = t.open_fresh();
  batch_of old, late;
  model before, after;
  for (char c = 'a'; c <= 'y'; ++c) {
    const std::string key(1, c);
    const bool is_old = (c - 'a') % 2 == 0;
    if (is_old) old.put(key, "old"), before[key] = "old";
    if (c % 5 == 0 && is_old) {
      late.erase(key);
    } else {
      late.put(key, "late"), after[key] = "late";
    }
  }
  old.commit_to(*s);
  commit_amid other([&] { late.commit_to(*s); });
  pairs seen;
  std::string error;
  try {
    stet::scan(*s, {"", "", backward}, [&](std::string_view k, std::string_view v) {
      seen.emplace_back(k, v);
      if (seen.size() == 1) other.begin_and_wait();
      return true;
    });
  } catch (const std::exception& e) { error = detail::words_of(e); }
  const std::string commit_error = other.join();
  pairs expected = all_of(before);
  if (backward) expected = pairs(expected.rbegin(), expected.rend());
  if (!error.empty()) t.tell("a scan during which another thread commits", "no error", error);
  if (!commit_error.empty()) t.tell("a commit during a scan", "no error", commit_error);
  t.same(backward ? "a backward scan during which another thread commits"
                  : "a scan during which another thread commits",
         expected, seen);
  t.same("a scan after both", all_of(after), scanned(*s));
}

void check_changing_threads(trial& t) {
  auto s = t.open_fresh();
  put(*s, "before", "v");  // from this thread: a new thread may get the id of an ended one
  std::string error;
  for (int i = 0; i < 8; ++i) {
    std::thread([&] {
      try {
        put(*s, std::to_string(i), "v");
      } catch (const std::exception& e) { error = detail::words_of(e); }
    }).join();
  }
  if (!error.empty()) t.tell("commits from eight threads, one after another", "no error", error);
  put(*s, "after", "v");
  t.same_count("keys after ten commits from nine threads", 10, scanned(*s).size());
}

constexpr clause kClauses[] = {
    {"scan: sees one committed state, whatever is committed meanwhile", check_one_state},
    {"scan: shows nothing of a commit that comes while it is under way",
     [](trial& t) {
       check_commit_amid(t, false);
       check_commit_amid(t, true);
     }},
    {"commit: may come from one thread after another", check_changing_threads},
};

}  // namespace

std::span<const clause> thread_clauses() { return kClauses; }

}  // namespace conformance
}  // namespace v0
}  // namespace stet
