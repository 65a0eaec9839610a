// Threads that run the bodies of steps.
#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <stet/environment.hpp>

namespace stet { inline namespace v0 { namespace detail {

class pool final : public executor {
 public:
  explicit pool(unsigned threads);
  ~pool() override;
  void submit(work* first) noexcept override;
  work* stop() noexcept override;
  /// The same without waiting: bodies may still run. The pool must stay.
  work* leave() noexcept;

 private:
  void serve() noexcept;
  work* take_all() noexcept;
  std::mutex mutex_;
  std::condition_variable wake_;
  work* first_ = nullptr;
  work* last_ = nullptr;
  unsigned idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace detail
}}  // namespace stet::v0
