// The conditions that a run waits for: which are tested, and in which order they are met.
#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include <stet/stet.hpp>

#include "execution/execution.hpp"
#include "history/make.hpp"

using namespace stet::detail;

namespace {

inline constexpr stet::signal<int> Odd{"odd"}, Even{"even"};
inline constexpr stet::promise<int> Answer{"answer"};

std::vector<int> numbers(int n) {
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 1);
  return all;
}

/// Waits for n signals of two names at once.
stet::task<int> receives(stet::context&, int n) {
  auto each = numbers(n);
  auto got = co_await stet::map(
      each, [](stet::context& c, int& i) { return i % 2 ? c.receive(Odd) : c.receive(Even); });
  co_return std::accumulate(got.begin(), got.end(), 0);
}

/// Waits for one signal.
stet::task<int> receives_one(stet::context& ctx, int) { co_return co_await ctx.receive(Odd); }

/// Waits for the answers of n promises at once.
stet::task<int> promises(stet::context& ctx, int n) {
  std::vector<decltype(ctx.promise(Answer))> all;
  for (int i = 0; i < n; ++i) all.push_back(ctx.promise(Answer));
  auto got = co_await stet::map(
      all, [](stet::context&, decltype(ctx.promise(Answer))& p) { return p.wait(); });
  co_return std::accumulate(got.begin(), got.end(), 0);
}

template <class T> std::string bytes_of(const T& value) {
  std::string bytes;
  stet::encode(bytes, value);
  return bytes;
}

error_registry no_errors;

/// A run that is driven by hand.
class by_hand {
 public:
  by_hand(stet::task<int> (*body)(stet::context&, int), int n)
      : code_(body), run(code_, no_errors, nullptr, run_number(1), "a") {
    auto arguments = bytes_of(std::tuple<int>(n));
    record start;
    start.kind = record_kind::started;
    start.name = "w";
    start.target = "a";
    start.payload = arguments;
    start.payload_limit = 1u << 20;
    deliver(start);
  }
  void deliver(const record& event) {
    out.clear();
    history += encoded(event);
    CHECK_MESSAGE(run.deliver(event, out), run.problem());
    history += out.records;
  }
  void signal(const char* name, int value) {
    auto bytes = bytes_of(value);
    deliver(events::signal(name, {}, bytes));
  }
  /// The commands that the last event has met.
  std::vector<std::uint32_t> met() const {
    std::vector<std::uint32_t> all;
    for (source in(out.records); !in.done();) {
      auto r = decode_record(in);
      if (r.kind == record_kind::met) all.push_back(r.command.value());
    }
    return all;
  }
  /// Whether the history replays in another execution.
  bool replays() {
    execution again(code_, no_errors, nullptr, run_number(1), "a");
    drive_output work;
    return again.replay(history, work);
  }

 private:
  static std::string encoded(record r) {
    std::string bytes;
    r.run = run_number(1);
    encode(bytes, r);
    return bytes;
  }
  definition_of<stet::task<int> (*)(stet::context&, int), int, int> code_;

 public:
  execution run;
  drive_output out;
  std::string history;
};

std::uint64_t looks_at_waits(int n) {
  by_hand r(&receives, n);
  for (int i = 1; i <= n; ++i) r.signal(i % 2 ? "odd" : "even", 1);
  CHECK(r.run.ended());
  CHECK(r.replays());
  return r.run.commands.looks();
}
std::uint64_t looks_at_unread(int n) {
  by_hand r(&receives_one, 0);
  for (int i = 0; i < n; ++i) r.signal("another", 1);
  r.signal("odd", 7);
  CHECK(r.run.ended());
  return r.run.signals.looks();
}
std::uint64_t looks_at_promises(int n) {
  by_hand r(&promises, n);
  auto answer = bytes_of(3);
  for (int i = 1; i <= n; ++i) {
    record e;
    e.kind = record_kind::promise_resolved;
    e.command = command_number(static_cast<std::uint32_t>(i));
    e.payload = answer;
    r.deliver(e);
  }
  CHECK(r.run.ended());
  CHECK(r.replays());
  return r.run.commands.looks();
}

}  // namespace

TEST_CASE("n waits for signals cost n tests of conditions, not their square") {
  CHECK(looks_at_waits(1000) <= 12 * looks_at_waits(100));
}

TEST_CASE("unread signals of another name aren't looked at for each event") {
  CHECK(looks_at_unread(1000) <= 12 * std::max<std::uint64_t>(looks_at_unread(100), 1));
}

TEST_CASE("n waits for promises cost n tests of conditions, not their square") {
  CHECK(looks_at_promises(1000) <= 12 * looks_at_promises(100));
}

TEST_CASE("of the waits for a signal the oldest gets it, among few and among many") {
  for (int n : {6, 100}) {
    CAPTURE(n);
    by_hand r(&receives, n);
    std::vector<std::uint32_t> left[2];  // by name: the waits, the oldest first
    for (auto i : numbers(n)) left[i % 2].push_back(static_cast<std::uint32_t>(i));
    std::uint32_t dice = 12345;
    for (int i = 0; i < n; ++i) {
      dice = dice * 1664525 + 1013904223;
      auto name = (dice >> 16) % 2;
      if (left[name].empty()) name = 1 - name;
      r.signal(name ? "odd" : "even", 1);
      CHECK(r.met() == std::vector<std::uint32_t>{left[name].front()});
      left[name].erase(left[name].begin());
      if (i == n / 2) CHECK(r.replays());
    }
    CHECK(r.run.ended());
    CHECK(r.replays());
  }
}

TEST_CASE("signals that came before the waits are taken by them in order") {
  by_hand r(&receives_one, 0);
  r.signal("even", 1);
  r.signal("another", 1);
  CHECK(r.met().empty());
  r.signal("odd", 2);
  CHECK(r.met() == std::vector<std::uint32_t>{1});
  CHECK(r.replays());
}
