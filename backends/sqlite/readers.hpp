// Connections that read: one for each thread that reads at the same moment.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "backends/common/fair_shared_mutex.hpp"
#include "port/mutex.hpp"
#include "sql.hpp"

namespace stet { inline namespace v0 { namespace sqlite {

/// A connection that can't write. Throws store_error.
struct reader {
  explicit reader(const std::string& path);

  connection c;
  statement get, forward, backward;
};

/// Hands out readers and keeps them for reuse.
///
/// Invariant: a thread that has a reader holds reading_ shared.
/// Thread: any.
class readers {
 public:
  explicit readers(std::string path) : path_(std::move(path)) {}

  /// A reader; its destructor gives it back. Throws store_error.
  class lease {
   public:
    explicit lease(readers& all) : all_(all), reading_(all.reading_), reader_(all.take()) {}
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    ~lease() { all_.take_back(std::move(reader_)); }
    reader* operator->() const noexcept { return reader_.get(); }

   private:
    readers& all_;
    port::shared_guard<backend::fair_shared_mutex> reading_;
    std::unique_ptr<reader> reader_;
  };

  /// No read runs while `f` runs.
  template <class F> void alone(F&& f) {
    port::lock_guard lock(reading_);
    f();
  }

  /// Closes all readers; call it before the writer is closed. No read may be running, so no lock is
  /// needed.
  void clear() noexcept STET_NO_THREAD_SAFETY_ANALYSIS { idle_.clear(); }

 private:
  std::unique_ptr<reader> take() {
    {
      port::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto r = std::move(idle_.back());
        idle_.pop_back();
        return r;
      }
    }
    return std::make_unique<reader>(path_);
  }
  void take_back(std::unique_ptr<reader> r) noexcept {
    port::lock_guard lock(mutex_);
    try {
      idle_.push_back(std::move(r));
    } catch (...) {  // no memory to keep it: it is closed here
    }
  }

  const std::string path_;
  port::mutex mutex_;
  std::vector<std::unique_ptr<reader>> idle_ STET_GUARDED_BY(mutex_);
  backend::fair_shared_mutex reading_;
};

}  // namespace sqlite
}  // namespace v0
}  // namespace stet
