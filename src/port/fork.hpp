// Counts the forks of this process, and calls functions at each fork.
#pragma once

namespace stet { inline namespace v0 { namespace port {

/// Returns how many forks made this process from the one that called this first. An object that was
/// made at another number belongs to an ancestor. Costs a few ns. The first call throws
/// std::bad_alloc if forks can't be counted. A child made by a bare clone system call isn't
/// counted.
unsigned fork_generation();

/// From now on calls these functions at each fork: `before` by the thread that forks, before it;
/// `in_parent` after it in the parent; `in_child` in the child, which has no other thread. This
/// can't be undone. Throws std::bad_alloc.
void at_fork(void (*before)(), void (*in_parent)(), void (*in_child)());

}  // namespace port
}  // namespace v0
}  // namespace stet
