// The machine's own clock and random numbers, and a listener that writes to standard error.
#include <stet/environment.hpp>
#include <stet/error.hpp>

#include <cstdio>
#include <new>
#include <random>

#include "port/clocks.hpp"
#include "port/random.hpp"

namespace stet { inline namespace v0 {

clock::~clock() = default;
std::optional<duration> clock::uptime() noexcept { return std::nullopt; }
duration clock::resolution() noexcept { return {}; }
bool clock::skip_to(std::optional<time_point>) { return false; }
interceptor::~interceptor() = default;
std::string interceptor::run_step(const step_attempt&, step_body& body) { return body.run(); }
entropy::~entropy() = default;
executor::~executor() = default;
listener::~listener() = default;

void listener::log(std::string_view, std::string_view) {}
void listener::event(const engine_event& e) { problem(e.text); }
void listener::run_ended(const ended_run&) {}
void listener::problem(std::string_view text) {
  try {
    auto line = "stet: " + one_line(text) + "\n";
    (void)std::fwrite(line.data(), 1, line.size(), stderr);
  } catch (const std::bad_alloc&) {
    std::fputs("stet: a problem, and no memory to name it\n", stderr);
  }
}

std::string_view to_text(event_kind kind) noexcept {
  switch (kind) {
    case event_kind::run_stalled: return "run_stalled";
    case event_kind::workflow_undefined: return "workflow_undefined";
    case event_kind::runs_stalled: return "runs_stalled";
    case event_kind::run_unreadable: return "run_unreadable";
    case event_kind::store_damaged: return "store_damaged";
    case event_kind::store_refuses: return "store_refuses";
    case event_kind::engine_stopped: return "engine_stopped";
    case event_kind::loop_held: return "loop_held";
    case event_kind::body_overdue: return "body_overdue";
    case event_kind::threads_waiting: return "threads_waiting";
    case event_kind::threads_busy: return "threads_busy";
    case event_kind::step_keeps_failing: return "step_keeps_failing";
    case event_kind::close_waits: return "close_waits";
    case event_kind::answer_unread: return "answer_unread";
    case event_kind::payload_failed: return "payload_failed";
    case event_kind::child_not_started: return "child_not_started";
  }
  return "unknown";
}

clock& system_clock() noexcept {
  static class final : public clock {
    time_point wall() noexcept override {
      return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
    }
    duration steady() noexcept override {
      return std::chrono::duration_cast<duration>(
          std::chrono::steady_clock::now().time_since_epoch());
    }
    std::optional<duration> uptime() noexcept override {
      const auto up = port::uptime();
      return up ? std::optional(std::chrono::duration_cast<duration>(*up)) : std::nullopt;
    }
    duration resolution() noexcept override { return duration(1); }  // fractions of 1 ms are lost
  } c;
  return c;
}

entropy& system_entropy() noexcept {
  static class final : public entropy {
    // Takes two thirds of the time of std::random_device, which asks the processor twice.
    std::uint64_t bits() noexcept override {
      std::uint64_t v = 0;
      if (port::random_bits(v)) return v;
      std::random_device device;
      return static_cast<std::uint64_t>(device()) << 32 | device();
    }
  } e;
  return e;
}
std::uint64_t entropy::secret_bits() noexcept { return system_entropy().bits(); }

}}  // namespace stet::v0
