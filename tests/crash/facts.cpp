#include "crash/facts.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace stet_crash {
namespace {

int file = -1;
int life_now = 0;
int lives = 0;

}  // namespace

void open_facts(const std::string& path, int life) {
  close_facts();
  file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) throw std::runtime_error("can't open " + path);
  if (file <= STDERR_FILENO) {  // a process without a standard stream writes no facts
    int higher = ::fcntl(file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    ::close(std::exchange(file, higher));
  }
  life_now = life;
  ++lives;
}

int lives_begun() noexcept { return lives; }

void close_facts() {
  if (file >= 0) ::close(file);
  file = -1;
}

void tell(fact_kind kind, std::initializer_list<std::string_view> fields) {
  std::string line(1, static_cast<char>(kind));
  line += '\t' + std::to_string(life_now);
  for (auto field : fields) {
    line += '\t';
    for (char c : field) line += c == '\t' || c == '\n' ? ' ' : c;
  }
  line += '\n';
  while (::write(file, line.data(), line.size()) < 0 && errno == EINTR) {}
}

std::vector<fact> read_facts(const std::string& path) {
  std::vector<fact> facts;
  std::ifstream in(path, std::ios::binary);
  for (std::string line; std::getline(in, line) && !in.eof();) {
    std::vector<std::string> parts(1);
    for (char c : line) {
      if (c == '\t') parts.emplace_back();
      else parts.back() += c;
    }
    fact f{static_cast<fact_kind>(parts.at(0).at(0)), std::stoi(parts.at(1)), {}};
    f.fields.assign(parts.begin() + 2, parts.end());
    facts.push_back(std::move(f));
  }
  return facts;
}

void effect(const stet::step_context& s, std::string_view id, std::string_view step) {
  tell(fact_kind::effect, {id, step, std::to_string(s.attempt()), s.idempotency_key()});
}

}  // namespace stet_crash
