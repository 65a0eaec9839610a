// A witness outside of the store: each step writes a line to a file at the very moment when it has
// had its effect. The demo compares these lines with the journal. Your program needs none of this.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <stet/workflow.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

/// Returns a workflow id or a step's name as one field of a line: a path may contain any byte.
inline std::string one_field(std::string_view text) {
  std::string field(text);
  for (char& c : field)
    if (static_cast<unsigned char>(c) < ' ') c = '?';
  return field;
}

class effect_log {
 public:
  /// Appends to the file `path`. With an empty path nothing is written.
  explicit effect_log(const std::string& path) {
    if (path.empty()) return;
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file_ < 0) throw std::system_error(errno, std::generic_category(), "can't open " + path);
  }
  ~effect_log() {
    if (file_ >= 0) ::close(file_);
  }
  effect_log(const effect_log&) = delete;
  effect_log& operator=(const effect_log&) = delete;

  /// Returns the same body, which writes a line when it has succeeded.
  template <class Body>
  auto noting(const stet::context& ctx, std::string_view step, Body body) const {
    return [this, run = ctx.id(), step, body = std::move(body)](const stet::step_context& s) {
      if constexpr (std::is_void_v<std::invoke_result_t<const Body&>>) {
        body();
        note(run, step, s.attempt());
      } else {
        auto result = body();
        note(run, step, s.attempt());
        return result;
      }
    };
  }

 private:
  void note(std::string_view run, std::string_view step, unsigned attempt) const {
    if (file_ < 0) return;
    const auto line =
        one_field(run) + '\t' + one_field(step) + '\t' + std::to_string(attempt) + '\n';
    // One unbuffered call: the whole line is in the file, even if the process is killed at the next
    // instruction.
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      throw std::system_error(errno, std::generic_category(), "can't write the effects file");
  }
  int file_ = -1;
};
