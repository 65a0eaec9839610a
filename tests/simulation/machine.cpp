#include "simulation/machine.hpp"

#include <stdexcept>

#include "base/hooks.hpp"

namespace stet_simulation {
namespace {

machine* running = nullptr;
constexpr int drives_max = 100'000;  // in one call: more than any that ends
constexpr int turns_in_a_storm = 10;
constexpr std::uint64_t long_history = 24;

}  // namespace

machine::machine(std::uint64_t seed, bool keep_trace)
    : hard(hardships::of(seed)),
      luck(seed),
      disk_luck(seed + 3),
      entropy_(seed + 1),
      clock_luck_(seed + 11),
      rare_luck_(seed + 2),
      keep_trace_(keep_trace),
      seed_(seed) {
  running = this;
  here() = outside();
  here().note = [this](const std::string& line) { note(line); };
  here().has_brief = hard.chains;
  here().has_farewells = hard.farewells;
  disk.is_full_anyhow = hard.full;
  if (hard.clock) clock.has_uptime();
  stet::detail::hooks.long_history = hard.chains ? long_history : 0;
  listener_.heard = [this](const std::string& text) { heard(text); };
  static constexpr std::size_t residents[] = {0, 1, 3, 100'000};
  static constexpr std::size_t tails[] = {4096, 16'384, 1u << 20};
  static constexpr unsigned checks[] = {0, 1, 5};
  static constexpr int rarities[] = {1'000'000, 40, 8, 3};
  options_.threads = 0;
  options_.resident_runs_max = residents[luck.below(4)];
  options_.tail_bytes_max = tails[luck.below(3)];
  options_.replay_check_interval = checks[luck.below(3)];
  options_.compare = stet::compared::arguments;
  options_.clock = &clock;
  options_.entropy = &entropy_;
  options_.listener = &listener_;
  if (luck.one_in(2)) options_.executor = &bodies;
  rarely_ = rarities[luck.below(4)];
  stet::detail::hooks.failpoint = on_failpoint;
  stet::detail::hooks.rarely = on_rarely;
  note("residents " + std::to_string(options_.resident_runs_max) + ", tail " +
       std::to_string(options_.tail_bytes_max) + ", rare: one in " + std::to_string(rarely_) +
       (options_.executor ? ", bodies held" : ", bodies inline"));
}

machine::~machine() {
  power(false);
  engine_.reset();
  stet::detail::hooks.failpoint = nullptr;
  stet::detail::hooks.rarely = nullptr;
  stet::detail::hooks.long_history = 0;
  here() = outside();
  running = nullptr;
}

void machine::on_failpoint(const char* name) {
  auto& m = *running;
  if (std::string_view(name) == "before drive") m.count_drive();
  if (m.crash_at_ == 0) return;
  --m.crash_at_;
  if (m.crash_at_ > 0) return;
  m.note(std::string("  power off: ") + name);
  m.power(false);
}

/// A call that drives for ever would hold up all others.
void machine::count_drive() {
  if (++drives_ > drives_max) throw std::runtime_error("I19 one call drives runs without an end");
}

/// Notes that the engine is called.
void machine::touched() {
  drives_ = 0;
  clock.touched();
}

/// An engine may stop only because its store failed.
void machine::heard(const std::string& problem) {
  note("  problem: " + problem);
  if (!problem.starts_with("the engine stopped") || !disk.power) return;
  if (disk.failures == failures_) violated("I19 with a store that hadn't failed " + problem);
}

void machine::settle(stet::engine& e) {
  if (!is_stormy) return (void)e.run_until_idle();
  for (int i = 0; i < turns_in_a_storm; ++i) (void)e.poll();
}

bool machine::on_rarely(const char* what) {
  auto& m = *running;
  if (!m.rare_luck_.one_in(m.rarely_)) return false;
  ++m.result.rare;
  ++m.result.kinds["rare: " + std::string(what)];
  return true;
}

void machine::power(bool on) {
  disk.power = on;
  here().power = on;
}

/// Ends the life of the process, or of the whole machine.
void machine::end_life() {
  crash_at_ = 0;
  power(false);
  engine_.reset();
  power(true);
  ++here().life;
  if (!disk_luck.one_in(2)) return;
  ++result.power_cuts;
  disk.cut(disk_luck);
}

void machine::note(const std::string& line) {
  for (unsigned char c : line) result.trace_hash = (result.trace_hash ^ c) * 0x100000001b3;
  if (keep_trace_)
    result.trace += std::to_string(clock.now() - 1'700'000'000'000) + " " + line + "\n";
}

void machine::violated(std::string text) {
  note("VIOLATED " + text);
  if (result.violations.size() < 20) result.violations.push_back(std::move(text));
}

bool machine::try_start() {
  failures_ = disk.failures;
  try {
    engine_ =
        std::make_unique<stet::engine>(std::make_unique<sim_store>(disk, disk_luck), options_);
    define_all(*engine_);
    engine_->start();
    return disk.power;
  } catch (const stet::store_error& e) {
    note(std::string("  start: ") + e.what());
    if (e.code() == stet::errc::corrupt) violated(std::string("I17 ") + e.what());
    return false;
  }
}

/// The machine has a board without a battery, or one that lost an hour. Its clock may have been set
/// right by now.
void machine::set_clock_at_start() {
  // A seed has one error only: a clock that is wrong, and less wrong in the next life, looks like
  // one that is right after the machine was off.
  static constexpr std::int64_t behind[] = {5'000, 3'600'000, 1'699'999'000'000};
  if (!hard.clock) return;
  if (clock_luck_.one_in(2)) clock.be_behind(0);
  else clock.be_behind(behind[seed_ % 3]);
}

void machine::start() {
  touched();
  set_clock_at_start();
  for (int i = 0; !try_start(); ++i) {
    if (i > 3) heal();
    if (i > 8) throw std::runtime_error("the engine doesn't start");
    end_life();
    ++result.crashes;
  }
}

void machine::crash() {
  note("crash");
  end_life();
  ++result.crashes;
  looked_at();
  start();
}

bool machine::close() {
  try {
    touched();
    engine_->close();
    engine_.reset();
  } catch (const stet::error& e) { note(std::string("  close: ") + e.what()); }
  bool clean = !engine_ && disk.power;
  end_life();
  clean ? ++result.restarts : ++result.crashes;
  looked_at();
  return clean;
}

bool machine::ask(const std::string& what, const std::function<void(stet::engine&)>& call) {
  touched();
  note(what);
  ++result.operations;
  bool done = false, dead = false;
  try {
    call(*engine_);
    done = true;
  } catch (const stet::error& e) {
    note(std::string("  ") + e.what());
    bool is_corrupt = e.code() == stet::errc::corrupt && !is_damaged;
    dead = e.code() == stet::errc::store || e.code() == stet::errc::closed || is_corrupt;
    if (is_corrupt) violated(std::string("I17 ") + e.what());
  }
  if (!dead && disk.power) return done;
  crash();
  return false;
}

void machine::heal() {
  disk.next_commit = commit_fault::none;
  disk.refusals = 0;
  disk.reads_until = -1;
  crash_at_ = 0;
}

}  // namespace stet_simulation
