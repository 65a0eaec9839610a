#include "wal_proof.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "port/files.hpp"

namespace stet { inline namespace v0 { namespace rocksdb {
namespace {

// On disk: this text, the id, the numbers, and the sum of the numbers with all bits inverted;
// little-endian.
constexpr std::string_view kMagic = "stet durable ";
constexpr std::size_t kWordBytes = 8, kWords = 3;

void put_word(std::string& out, std::uint64_t word) {
  for (std::size_t i = 0; i < kWordBytes; ++i) out += static_cast<char>(word >> (8 * i) & 0xff);
}

std::uint64_t word_at(std::string_view bytes, std::size_t at) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < kWordBytes; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  }
  return word;
}

/// Returns the paths of the log's files, such as 000012.log.
std::vector<std::filesystem::path> logs_in(const std::string& directory) {
  std::vector<std::filesystem::path> found;
  for (const std::string& name : names_in(directory)) {
    if (name.ends_with(".log")) found.push_back(std::filesystem::path(directory) / name);
  }
  return found;
}

std::uint64_t number_of(const std::filesystem::path& log) {
  const std::string name = log.stem().string();
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  if (!in.good() && std::filesystem::file_size(path) > 0) {
    throw std::system_error(EIO, std::generic_category(), "can't read " + path.string());
  }
  return all.str();
}

}  // namespace

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  if (int native = port::names_in(directory, names)) {
    throw std::system_error(native, port::error_category(), "can't list " + directory);
  }
  return names;
}

std::string encode_proof(std::string_view id, const proof& p) {
  std::string text(kMagic);
  text += id;
  for (std::uint64_t word : {p.commits, p.first_log, ~(p.commits + p.first_log)}) {
    put_word(text, word);
  }
  return text;
}

// Misses a proof that a header of RocksDB's cuts in two; few are cut.
proof find_proof(const std::string& directory, std::string_view id) {
  const std::string begin = std::string(kMagic) + std::string(id);
  proof most;
  for (const auto& path : logs_in(directory)) {
    const std::string log = read_file(path);
    for (auto at = log.find(begin); at != log.npos; at = log.find(begin, at + 1)) {
      const std::size_t words = at + begin.size();
      if (log.size() < words + kWords * kWordBytes) break;
      const proof p{word_at(log, words), word_at(log, words + kWordBytes)};
      if (word_at(log, words + 2 * kWordBytes) != ~(p.commits + p.first_log)) continue;
      most.commits = std::max(most.commits, p.commits);
      most.first_log = std::max(most.first_log, p.first_log);
    }
  }
  return most;
}

std::uint64_t last_log(const std::string& directory) {
  std::uint64_t last = 0;
  for (const auto& path : logs_in(directory)) last = std::max(last, number_of(path));
  return last;
}

std::size_t count_logs(const std::string& directory, std::uint64_t first) {
  const auto logs = logs_in(directory);
  return static_cast<std::size_t>(std::count_if(
      logs.begin(), logs.end(), [&](auto& path) { return number_of(path) >= first; }));
}

}  // namespace rocksdb
}  // namespace v0
}  // namespace stet
