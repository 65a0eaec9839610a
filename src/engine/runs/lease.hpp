// A lease keeps a run in memory.
//
// A run is in memory while something is under way with it (run_table::is_idle), or while a lease
// holds it. When the last lease ends, an idle run is taken out of memory. So code that looks at a
// run holds a lease, and no path leaves a run in memory, not even that of an error.
#pragma once
#include <utility>

namespace stet { inline namespace v0 { namespace detail {

class run_table;
struct resident;

/// Move-only, for the engine's loop. Used like a pointer; empty if there is no such run.
class run_lease {
 public:
  run_lease() noexcept = default;
  run_lease(run_table& t, resident& r) noexcept;
  run_lease(run_lease&& other) noexcept
      : table_(other.table_), run_(std::exchange(other.run_, nullptr)) {}
  run_lease& operator=(run_lease&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(run_, other.run_);
    return *this;
  }
  ~run_lease();

  explicit operator bool() const noexcept { return run_ != nullptr; }
  resident* operator->() const noexcept { return run_; }
  resident& operator*() const& noexcept { return *run_; }
  /// Deleted, since the run of a temporary lease might be gone at once.
  resident& operator*() const&& = delete;

 private:
  run_table* table_ = nullptr;
  resident* run_ = nullptr;
};

}}}  // namespace stet::v0::detail
