#include "engine/door/loop_thread.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

thread_local const loop_thread* current = nullptr;

}  // namespace

bool loop_thread::is_here() const noexcept { return current == this; }

loop_thread::as_loop::as_loop(const loop_thread& t) noexcept
    : before_(std::exchange(current, &t)) {}
loop_thread::as_loop::~as_loop() { current = before_; }

}}}  // namespace stet::v0::detail
