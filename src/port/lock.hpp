// Locks on files, among processes.
#pragma once
#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace port {

/// Takes the lock of an open file or directory. The lock ends when that is closed, also by the
/// death of the process. A forked child shares the lock until it closes its copy. Returns false if
/// the lock can't be had; then `error` is 0 if another process has it.
bool lock(const file& f, int& error) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
