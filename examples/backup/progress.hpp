// Shows people how far the backup is.
#pragma once
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>

/// A bar that is redrawn on a terminal; elsewhere, a line now and then.
///
/// The workflow moves the bar. That effect need not happen just once: a replay moves the bar again,
/// up to where the backup was, and this is what a person who watches a resumed backup wants to see.
class progress_bar {
 public:
  void expect(std::size_t files) {
    total_ += files;
    draw();
  }
  void one_more() {
    ++done_;
    if (done_ == total_ || clock::now() >= next_) draw();
  }

 private:
  using clock = std::chrono::steady_clock;
  void draw() {
    next_ = clock::now() + (terminal_ ? std::chrono::milliseconds(50) : std::chrono::seconds(2));
    const auto percent = total_ == 0 ? 100 : done_ * 100 / total_;
    if (!terminal_) {
      std::printf("%zu of %zu files (%zu %%)\n", done_, total_, percent);
    } else {
      const std::string bar(percent * width / 100, '#');
      std::printf("\r[%-*s] %3zu %%  %zu of %zu files", static_cast<int>(width), bar.c_str(),
                  percent, done_, total_);
      if (done_ == total_) std::printf("\n");
    }
    std::fflush(stdout);
  }

  static constexpr std::size_t width = 40;
  const bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
  std::size_t done_ = 0;
  std::size_t total_ = 0;
  clock::time_point next_;
};
