#include "engine/services/reporter.hpp"

#include <utility>

#include "base/users_exception.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

thread_local int listeners_entered = 0;  // by this thread: one may report to another

struct in_listener {
  in_listener() noexcept { ++listeners_entered; }
  in_listener(const in_listener&) = delete;
  in_listener& operator=(const in_listener&) = delete;
  ~in_listener() { --listeners_entered; }
};

}  // namespace

bool reporter::is_in_listener() noexcept { return listeners_entered > 0; }

template <class F> void reporter::call(F f) noexcept {
  port::lock_guard lock(mutex_);
  in_listener here;
  if (auto thrown = thrown_by_user(f)) complain(thrown);
}

/// A listener that throws makes a mistake, and no other place would ever show it.
void reporter::complain(const std::exception_ptr& why) noexcept {
  auto* to = std::exchange(complaints_, nullptr);
  if (!to) return;
  (void)thrown_by_user([&] {
    to->problem("the listener threw an exception, which is dropped, and so are later ones: " +
                words_of(why));
  });
}

void reporter::log(std::string_view id, std::string_view line) noexcept {
  call([&] { listener_.log(id, line); });
}

void reporter::event(const engine_event& e) noexcept {
  call([&] {
    auto passed = e;
    std::string line;
    passed.text = "no memory for the text of this event";
    try {
      passed.text = line = on_one_line(e.text);
    } catch (const std::bad_alloc&) {}  // the kind and the names are passed on
    listener_.event(passed);
  });
}

void reporter::run_ended(const ended_run& r) noexcept {
  call([&] { listener_.run_ended(r); });
}

}}}  // namespace stet::v0::detail
