#include "engine/calls/blob_store.hpp"

#include <algorithm>

#include <stet/step.hpp>

#include "base/shown.hpp"
#include "engine/bodies/bodies.hpp"
#include "engine/calls/calls_room.hpp"
#include "index/entries.hpp"
#include "keys/keys.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 {
namespace detail {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

std::string prefix_of(std::string_view name_space, run_number run) {
  auto key = keys::state_prefix(name_space);
  keys::put_text(key, keys::blob_table);
  put_big_endian(key, run.value());
  return key;
}
std::string key_of(std::string_view name_space, const blob_place& at, std::uint64_t piece) {
  auto key = prefix_of(name_space, run_number(at.run));
  put_big_endian(key, std::uint64_t{at.command} << 32 | at.number);
  put_big_endian(key, piece);
  return key;
}

}  // namespace

/// Any thread: the attempt holds these bytes until its result is recorded.
blob attempt::keep(std::string_view bytes) {
  auto& written = outcome.writes();
  written.kept_bytes += bytes.size();
  if (written.kept_bytes > blob_bytes_max)
    throw permanent_error("step " + shown(body->name) + " keeps " +
                          std::to_string(written.kept_bytes) + " bytes, and a step keeps at most " +
                          std::to_string(blob_bytes_max) +
                          ": write more to a file, and return its name");
  if (bytes.empty()) return {};
  blob_place place{order.run.value(), order.command.value(), written.kept_count++};
  auto name_space = namespace_of(state_of_run);
  for (std::size_t from = 0; from < bytes.size(); from += piece_bytes)
    written.entries.emplace(key_of(name_space, place, from / piece_bytes),
                            std::string(bytes.substr(from, piece_bytes)));
  return {place, bytes.size()};
}

std::string blob_bytes(const user_tables& tables, std::string_view name_space, const blob& b,
                       std::uint64_t offset, std::uint64_t length) {
  if (offset > b.size())
    throw error(errc::usage, "read",
                "a blob has " + std::to_string(b.size()) + " bytes, and is read from byte " +
                    std::to_string(offset));
  auto end = offset + std::min(length, b.size() - offset);
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(end - offset));
  for (auto at = offset; at < end;) {
    auto piece = tables.get(key_of(name_space, b.place(), at / piece_bytes));
    auto skip = static_cast<std::size_t>(at % piece_bytes);
    auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(end - at, piece_bytes - skip));
    if (!piece)
      throw error(errc::not_found, "read",
                  "a blob that run " + std::to_string(b.place().run) +
                      " kept doesn't exist: that run was erased, or is in another namespace");
    if (piece->size() < skip + wanted)
      throw error(errc::corrupt, "read", "a blob's piece is shorter than it was written");
    bytes.append(*piece, skip, wanted);
    at += wanted;
  }
  return bytes;
}

void erase_blobs(user_tables& tables, batch& extra_writes, std::string_view name_space,
                 run_number run) {
  auto from = prefix_of(name_space, run);
  tables.forget(from, keys::end_of(from), extra_writes);
}

answer<std::string> perform(calls_room& e, const read_blob& c) {
  // The caller has got the handle from a record, which is durable.
  return {blob_bytes(e.parts.tables, c.name_space, c.value, c.offset, c.length), no_lsn};
}

}  // namespace detail

blob step_context::keep(std::string_view bytes) { return attempt_->keep(bytes); }
std::string step_context::read(const blob& b, std::uint64_t offset, std::uint64_t length) {
  auto name_space = detail::namespace_of(attempt_->state_of_run);
  return attempt_->home.read_blob(name_space, b, offset, length);
}

}}  // namespace stet::v0
