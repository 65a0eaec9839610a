// Once a call is over no lease keeps a run in memory, whether the call succeeded or failed.
#include <functional>
#include <map>

#include "probe.hpp"
#include "tests/support/outside.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int()> Sleeper{"sleeper"};
inline constexpr stet::workflow<int()> Quick{"quick"};
inline constexpr stet::signal<int> Unused{"unused"};
inline constexpr stet::query<int()> Missing{"missing"};
inline constexpr stet::update<int()> Absent{"absent"};

stet::task<int> sleeper(stet::context& ctx) {
  co_await ctx.sleep(24h * 30);
  co_return 1;
}
stet::task<int> quick(stet::context&) { co_return 2; }

namespace commands_to = stet::detail;
using command = std::function<void(commands_to::engine_core&, commands_to::run_ref)>;

struct no_function final : commands_to::transact_function {
  void run(stet::transaction&) override { throw std::runtime_error("no"); }
};

/// How many runs in memory are still leased, or are wholly in the store.
std::size_t kept_without_reason(stet::engine& e) {
  auto& table = e.internals().parts.runs.table;
  std::size_t n = 0;
  for (auto& [run, r] : table.all()) n += r->leases > 0 || table.is_idle(*r);
  return n;
}

/// Each command by its name. The command may succeed or fail with the run that it gets.
std::map<std::string, command> all_commands() {
  using namespace stet::detail;
  static const stet::blob nothing{};
  static const std::string none = null_payload();
  const auto now = stet::duration(0);
  auto start = [](std::string_view id) {
    start_request q(id, {}, {});
    stet::encode(q.arguments, std::tuple<>{});
    return q;
  };
  std::map<std::string, command> all;
#define COMMAND(name, ...)                                        \
  all[#name] = [=](engine_core& e, [[maybe_unused]] run_ref of) { \
    (void)e.perform(name{__VA_ARGS__});                           \
  }
  all["start_runs"] = [=](engine_core& e, run_ref of) {
    start_runs c{.name_space = of.name_space, .workflow = "sleeper", .runs = {}};
    c.runs.push_back(start(of.id));
    (void)e.perform(c);
  };
  COMMAND(start_with_signal, of.name_space, "sleeper", start(of.id), {"unused", none, {}});
  COMMAND(find_run, "sleeper", of);
  COMMAND(status_of_run, of);
  COMMAND(cancel_run, of, "why");
  COMMAND(terminate_run, of, "why");
  COMMAND(move_run, of, "2");
  COMMAND(resume_run, of);
  COMMAND(signal_run, of, {"unused", none, {}});
  COMMAND(query_run, of, "missing", none);
  COMMAND(answer_promise, "p", "1.1.0", none, nullptr);
  COMMAND(read_blob, of.name_space, nothing, 0, 10);
  all["transact_in"] = [](engine_core& e, run_ref of) {
    no_function f;
    e.perform(transact_in{of.name_space, f});
  };
  COMMAND(erase_runs, of, {});
  COMMAND(describe_run, of);
  COMMAND(history_of_run, of);
  COMMAND(export_run, of);
  COMMAND(await_run, of, now);
  COMMAND(await_change, of, 0, now);
  COMMAND(update_run, of, {"absent", {}, none}, update_stage::accepted, now);
  COMMAND(start_with_update, of.name_space, "sleeper", start(of.id), {"absent", {}, none},
          update_stage::accepted);
  COMMAND(list_runs, of.name_space, "WorkflowId = 'open'", {});
  COMMAND(count_runs, of.name_space, "HistoryLength > 1");
  COMMAND(count_by_status, of.name_space, "");
  COMMAND(list_open_ids, of.name_space, "", 10);
#undef COMMAND
  return all;
}

}  // namespace

TEST_CASE("every command leaves the run table as it found it, also when it throws") {
  auto all = all_commands();
  std::size_t known = 0;
#define COMMAND(name)         \
  CHECK(all.contains(#name)); \
  ++known;
  STET_ENGINE_COMMANDS(COMMAND)
  STET_LONG_COMMANDS(COMMAND)
#undef COMMAND
  CHECK(all.size() == known);
  for (auto& [name, perform] : all) {
    CAPTURE(name);
    for (const char* id : {"open", "ended", "none", ""}) {
      CAPTURE(id);
      world w(cell{.resident = 0});
      w.open([](stet::engine& e) {
        e.define(Sleeper, sleeper);
        e.define(Quick, quick);
      });
      w.engine().start(Sleeper, "open");
      w.engine().start(Quick, "ended");
      w.close();
      w.reopen();
      REQUIRE(in_memory(w.engine()) == 0);
      for (int times = 0; times < 2; ++times) {
        try {
          perform(w.engine().internals(), {0, "default", id});
        } catch (const std::exception&) {}
        w.settle();
        w.poke();
        CHECK(kept_without_reason(w.engine()) == 0);
      }
    }
  }
}

TEST_CASE("a call that fails leaves no run in memory") {
  constexpr int runs = 60, resident = 5;
  for (cell c : {cell{.resident = resident}, cell{.resident = 0},
                 cell{.lmdb = true, .resident = resident}}) {
    INFO("in the cell ", c.name());
    world w(c);
    w.open([](stet::engine& e) {
      e.define(Sleeper, sleeper);
      e.define(Quick, quick);
    });
    for (int i = 0; i < runs; ++i) {
      w.engine().start(Sleeper, "s" + std::to_string(i));
      w.engine().start(Quick, "q" + std::to_string(i)).result();
    }
    w.close();
    w.reopen();  // all runs are in the store, and nothing of them is due
    auto& e = w.engine();
    CHECK(in_memory(e) == 0);
    auto each = [&](const std::string& what, auto call) {
      for (int i = 0; i < runs; ++i) call("s" + std::to_string(i), "q" + std::to_string(i));
      CAPTURE(what);
      CHECK(in_memory(e) <= resident);
    };
    each("find by another workflow's name",
         [&](const auto& s, const auto&) { CHECK_THROWS_AS((void)e.find(Quick, s), stet::error); });
    each("run with another workflow's id", [&](const auto& s, const auto&) {
      CHECK_THROWS_AS((void)e.start(Quick, s), stet::error);
    });
    each("resume what has ended", [&](const auto&, const auto& q) { e.admin().resume(q); });
    each("a query without a handler", [&](const auto& s, const auto& q) {
      CHECK_THROWS_AS((void)e.find(Sleeper, s)->query(Missing), stet::error);
      CHECK_THROWS_AS((void)e.find(Quick, q)->query(Missing), stet::error);
    });
    each("an update without a handler", [&](const auto& s, const auto& q) {
      CHECK_THROWS_AS((void)e.find(Sleeper, s)->update(Absent), stet::error);
      CHECK_THROWS_AS((void)e.find(Quick, q)->update(Absent), stet::error);
    });
    each("a signal to what has ended", [&](const auto&, const auto& q) {
      CHECK_THROWS_AS(e.find(Quick, q)->signal(Unused, 1), stet::error);
    });
    each("an erasure of what is open",
         [&](const auto& s, const auto&) { CHECK_THROWS_AS(e.admin().erase(s), stet::error); });
    each("what only looks", [&](const auto& s, const auto& q) {
      CHECK(e.admin().describe(s).value().status == stet::status::running);
      CHECK(e.admin().history(q).size() > 1);
      CHECK(e.find(Quick, q)->result() == 2);
    });
  }
}

TEST_CASE("a look at a run whose step is pending leaves no coroutine above the limit") {
  constexpr int runs = 40;
  for (std::size_t resident : {5, 0}) {
    CAPTURE(resident);
    world w(cell{.resident = resident});
    outside<int> begun;
    w.open([&](stet::engine& e) {
      e.define(Sleeper, [&](stet::context& ctx) -> stet::task<int> {
        co_return co_await ctx.step(
            "pending", stet::owning([&](stet::completion<int> done) { begun.take(done); }));
      });
    });
    auto& e = w.engine();
    for (int i = 0; i < runs; ++i) e.start(Sleeper, "s" + std::to_string(i));
    w.settle();
    REQUIRE(begun.taken() == runs);
    auto& frames = e.internals().parts.runs.frames;
    CHECK(frames.size() <= resident);
    for (int i = 0; i < runs; ++i)
      CHECK_THROWS_AS((void)e.find(Sleeper, "s" + std::to_string(i))->query(Missing), stet::error);
    CHECK(frames.size() <= resident);
    for (int i = 0; i < runs; ++i)
      CHECK_THROWS_AS((void)e.find(Sleeper, "s" + std::to_string(i))->update(Absent), stet::error);
    CHECK(frames.size() <= resident);
    for (auto& done : begun.all()) CHECK(done.resolve(1));
    w.settle();
    CHECK(e.find(Sleeper, "s0")->result() == 1);
  }
}
