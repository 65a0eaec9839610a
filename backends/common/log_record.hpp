// The bytes of a log: its header, its records, and the walk through a log that was found.
// The format is described in docs/format.md.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace backend {

/// Records begin at multiples of this, after the header.
constexpr std::size_t log_unit_bytes = 64;
constexpr std::size_t log_header_bytes = 4096;
constexpr std::size_t log_record_bytes_max = std::size_t{1} << 30;

constexpr std::size_t to_log_units(std::size_t bytes) {
  return (bytes + log_unit_bytes - 1) / log_unit_bytes * log_unit_bytes;
}

/// The first bytes of the log `id`. The rest of the header is zeros.
std::string encode_log_header(std::uint64_t id);
/// Returns the id of the log that begins with these bytes, or nullopt if they aren't a log's
/// header.
std::optional<std::uint64_t> decode_log_header(std::string_view log);

/// The position of a record in its store's life.
struct log_position {
  std::uint64_t log_id;    ///< of the file: a record with another id isn't one of this file
  std::uint64_t sequence;  ///< of this record
  std::uint64_t flushed;   ///< the last sequence known to be durable when it was written
};

/// The length of what encode_record makes.
std::size_t record_bytes(const batch& b) noexcept;
/// Writes to `to` everything but the expectations, at most log_record_bytes_max.
void encode_record(const log_position& p, const batch& b, std::string& to);

struct log_record {
  log_position position;
  std::string_view payload;
  std::size_t bytes;
};
/// Returns the record at this offset, of whatever log, or nullopt if no whole record is there.
std::optional<log_record> record_at(std::string_view log, std::size_t offset);
/// Returns the batch in a payload, or nullopt if it is malformed.
std::optional<batch> decode_payload(std::string_view payload);

/// Goes through the records of the log `id` that follow `sequence`. The inner store has the record
/// `sequence` and all before it.
///
/// A log is used from its start again after every move, so older records follow the ones that
/// count. Where the process or the device ended in the middle of a write, half a record is left,
/// which was never acknowledged. A later record, though, knows which ones before it were durable:
/// by that, find_damage tells damage from an interrupted write. Nothing follows the very last
/// record; if that one is damaged, it counts as never acknowledged.
class log_walk {
 public:
  log_walk(std::string_view log, std::uint64_t id, std::uint64_t sequence)
      : log_(log), id_(id), sequence_(sequence) {}

  /// Returns the payload of the next record, or nullopt at the end.
  std::optional<std::string_view> next();
  /// Call it at the end. Returns the offset of a record that proves that a durable one before it is
  /// missing.
  std::optional<std::size_t> find_damage() const;

  /// The offset just past the last record that next() gave, and that record's sequence.
  std::size_t offset() const noexcept { return offset_; }
  std::uint64_t sequence() const noexcept { return sequence_; }

 private:
  std::string_view log_;
  std::uint64_t id_, sequence_;
  std::size_t offset_ = log_header_bytes;
};

}  // namespace backend
}  // namespace v0
}  // namespace stet
