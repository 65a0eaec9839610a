// Bodies of steps that first write their effect as a fact, and the steps that use them.
#pragma once
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "crash/facts.hpp"
#include "crash/scripts.hpp"

namespace stet_crash {

using namespace std::chrono_literals;

inline int act(stet::step_context& s, const std::string& id, const std::string& name, int value) {
  effect(s, id, name);
  return value;
}
/// Its first attempts fail.
inline int act_late(stet::step_context& s, const std::string& id, const std::string& name,
                    int fails, int value) {
  effect(s, id, name);
  if (s.attempt() <= static_cast<unsigned>(fails)) throw std::runtime_error("not yet");
  return value;
}
inline int fail(stet::step_context& s, const std::string& id, const std::string& name) {
  effect(s, id, name);
  throw std::runtime_error("never");
}
inline int refuse(stet::step_context& s, const std::string& id, const std::string& name) {
  effect(s, id, name);
  throw stet::permanent_error("no use");
}
/// Goes on until it is asked to stop, or much longer than any test waits.
inline int linger(stet::step_context& s, int value) {
  for (int i = 0; i < 15 && !s.stop_requested(); ++i) std::this_thread::sleep_for(1ms);
  return value;
}

inline constexpr stet::retry_policy soon{
    .initial_interval = 1ms, .backoff = 1, .max_interval = 2ms};

inline auto step(stet::context& ctx, std::string name, int value) {
  return ctx.step(name, act, std::string(ctx.id()), name, value);
}
inline auto step_after(stet::context& ctx, std::string name, int fails, int value) {
  return ctx.step(name, {.retry = soon}, act_late, std::string(ctx.id()), name, fails, value);
}

}  // namespace stet_crash
