#include "log_file.hpp"

#include <algorithm>
#include <cerrno>
#include <random>
#include <utility>

#include "log_record.hpp"
#include "no_room.hpp"

namespace stet { inline namespace v0 { namespace backend {
namespace {

// The file is filled in large pieces: the page cache keeps it in large pieces then, and commits
// into it cost the kernel a third less. (/proc/self/io counts a whole piece for each; the device
// doesn't.)
constexpr std::size_t kChunkBytes = 256u << 10;

std::uint64_t new_id() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

log_file::log_file(std::string_view scheme, const std::string& path, port::file file)
    : scheme_(scheme), path_(path), file_(std::move(file)), position_(log_header_bytes) {}

void log_file::fail(std::string_view operation, std::string_view what, int native,
                    commit_outcome outcome) const {
  std::string text(what);
  if (native != 0) text += ": " + port::text_of(native);
  if (port::is_link(native))
    text += "; it is a symbolic link, and none is followed here: remove it";
  throw store_error(honest(is_no_room(native) ? errc::full : errc::store, outcome),
                    scheme_ + " " + std::string(operation), path_, native, text, outcome);
}

std::unique_ptr<log_file> log_file::create(std::string_view scheme, const std::string& path,
                                           std::uint64_t bytes) {
  const std::uint64_t id = new_id();
  port::file file;
  int native = port::create(path, file);
  std::unique_ptr<log_file> made(new log_file(scheme, path, std::move(file)));
  if (native != 0) made->fail("commit", "can't make the log", native, commit_outcome::refused);
  made->id_ = id;
  try {
    native = made->fill(encode_log_header(made->id_), bytes);
  } catch (...) {
    made->remove();
    throw;
  }
  if (native == 0) return made;
  made->remove();
  made->fail("commit", "can't make the log", native, commit_outcome::refused);
}

// Writes the header last: a file without a header was never in use.
int log_file::fill(std::string_view header, std::uint64_t bytes) {
  size_ = log_header_bytes + to_log_units(static_cast<std::size_t>(bytes));
  // Fails early if the disk doesn't have this much room.
  int native = file_.reserve(size_);
  if (is_no_room(native)) return native;
  const std::string zeros(kChunkBytes, '\0');
  native = 0;
  std::size_t written = 0;
  for (std::size_t at = 0; at < size_ && native == 0; at += kChunkBytes) {
    native = file_.write(at, std::string_view(zeros).substr(0, size_ - at), written);
  }
  if (native == 0) native = file_.write(0, header, written);
  if (native == 0) native = file_.flush();
  return native != 0 ? native : flush_directory();
}

int log_file::flush_directory() const {
  return port::flush_directory(path_.substr(0, path_.rfind('/') + 1));
}

std::unique_ptr<log_file> log_file::open(std::string_view scheme, const std::string& path) {
  port::file file;
  int native = port::open(path, file);
  if (port::is_missing(native)) return nullptr;
  std::unique_ptr<log_file> found(new log_file(scheme, path, std::move(file)));
  if (native != 0) found->fail("open", "can't open the log", native, commit_outcome::refused);
  port::file_facts facts;
  native = found->file_.look(facts);
  if (native != 0) found->fail("open", "can't stat", native, commit_outcome::refused);
  if (facts.kind != port::file_kind::regular) {
    found->fail("open", "it is not a regular file", EINVAL, commit_outcome::refused);
  }
  found->size_ = static_cast<std::size_t>(facts.bytes);
  return found;
}

std::string log_file::read() {
  std::string all(size_, '\0');
  std::size_t got = 0;
  if (int native = file_.read(0, all.data(), all.size(), got)) {
    fail("open", "can't read the log", native, commit_outcome::refused);
  }
  id_ = decode_log_header(all).value_or(0);
  return all;
}

bool log_file::has_room(std::size_t record_bytes) const noexcept {
  return position_ <= size_ && record_bytes <= size_ - position_;
}

void log_file::append(std::string_view record) {
  std::size_t written = 0;
  int native = file_.write(position_, record, written);
  if (native != 0) {
    bool refused = is_no_room(native);
    // The rest of a torn record may be in the file by chance, from an older record or as zeros, and
    // would complete it. So this record is made invalid.
    std::size_t ignored = 0;
    static const std::string no_header(log_unit_bytes, '\0');
    auto wipe = std::string_view(no_header).substr(0, std::min(written, no_header.size()));
    if (refused && file_.write(position_, wipe, ignored) != 0) refused = false;
    fail("commit", "can't write the log", native,
         refused ? commit_outcome::refused : commit_outcome::unknown);
  }
  position_ += to_log_units(record.size());
}

void log_file::flush() {
  if (int native = file_.flush_data()) {
    fail("commit", "can't flush the log", native, commit_outcome::unknown);
  }
}

void log_file::restart() noexcept { position_ = log_header_bytes; }

void log_file::keep(const std::string& log, std::size_t end) {
  std::string all = log;
  if (all.size() < end) all.resize(end);  // the file may be cut in the last record's padding
  std::fill(all.begin() + static_cast<std::ptrdiff_t>(end), all.end(), '\0');
  std::size_t written = 0;
  int native = file_.write(0, all, written);
  if (native == 0) native = file_.flush_data();
  if (native != 0) fail("open", "can't rewrite the log", native, commit_outcome::refused);
  position_ = end;
}

bool log_file::is_in_place() const noexcept {
  port::file_facts there, here;
  if (int native = port::look(path_, there)) {
    // The path can't be walked any more (permissions were dropped), so we ask the file itself.
    return !port::is_missing(native) && file_.look(here) == 0 && here.names > 0;
  }
  return file_.look(here) == 0 && there.identity == here.identity;
}

void log_file::put_back() {
  std::string all(position_, '\0');
  std::size_t got = 0;
  if (file_.read(0, all.data(), all.size(), got) != 0 || got < all.size()) {
    fail("commit", "can't read the log that was removed", EIO, commit_outcome::refused);
  }
  auto again = create(scheme_, path_, size_ - log_header_bytes);
  std::size_t written = 0;
  int native = again->file_.write(0, all, written);
  if (native == 0) native = again->file_.flush_data();
  if (native != 0) {
    again->remove();
    fail("commit", "can't write the log again that was removed", native, commit_outcome::refused);
  }
  std::swap(file_, again->file_);
}

void log_file::remove() noexcept {
  if (is_in_place()) port::remove(path_);
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
