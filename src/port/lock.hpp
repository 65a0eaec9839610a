// Who owns a file, among processes.
#pragma once
#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace port {

/// Takes the lock of an open file or directory, which ends when that is closed, also by the death
/// of the process. A forked child shares it until it closes its copy. Returns false if it can't be
/// had: `error` is 0 if another has it.
bool lock(const file& f, int& error) noexcept;

}  // namespace port
}  // namespace v0
}  // namespace stet
