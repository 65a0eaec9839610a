// Forks of this process.
#pragma once

namespace stet { inline namespace v0 { namespace port {

/// How often this process is a fork, counted from the first call on: what was made at another count
/// belongs to an ancestor. A few ns. The first call throws std::bad_alloc if it can't be counted. A
/// child made by a bare clone system call isn't counted.
unsigned fork_generation();

/// Has these called at each fork from now on: by the thread that forks, before; after it, in the
/// parent; and in the child, where no other thread is. They can't be taken back. Throws
/// std::bad_alloc.
void at_fork(void (*before)(), void (*in_parent)(), void (*in_child)());

}  // namespace port
}  // namespace v0
}  // namespace stet
