#include "limits.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t file_bytes_max = 64u
                                       << 20;  // about as large as a journal that is checkpointed
using clock = std::chrono::steady_clock;

}  // namespace

raw_log::raw_log(const std::string& folder, std::size_t record_bytes)
    : path_(folder + "/raw"),
      record_bytes_(record_bytes),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) {
  if (fd_ < 0) throw std::runtime_error("can't write " + path_);
}
raw_log::~raw_log() {
  ::close(fd_);
  ::unlink(path_.c_str());
}

void raw_log::append(std::size_t batch) {
  auto bytes = batch * record_bytes_;
  if (buffer_.size() < bytes) buffer_.resize(bytes, 'x');
  if (size_ > file_bytes_max) {
    if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0)
      throw std::runtime_error("can't empty " + path_);
    size_ = 0;
  }
  if (::write(fd_, buffer_.data(), bytes) != static_cast<ssize_t>(bytes) || ::fdatasync(fd_) != 0)
    throw std::runtime_error("can't write " + path_);
  size_ += bytes;
}

double raw_log::records_per_second(std::size_t batch, double seconds) {
  auto begin = clock::now();
  for (std::size_t count = 0;;) {
    append(batch);
    count += batch;
    auto passed = std::chrono::duration<double>(clock::now() - begin).count();
    if (passed >= seconds) return static_cast<double>(count) / passed;
  }
}

std::vector<double> raw_log::latencies(std::size_t count) {
  std::vector<double> all;
  auto before = clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    append(1);
    auto now = clock::now();
    all.push_back(std::chrono::duration<double, std::micro>(now - before).count());
    before = now;
  }
  return all;
}

}  // namespace bench
