// The bytes of a log: its header, its records, and what a log that was found holds.
// The format is described in docs/format.md.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <stet/store.hpp>

namespace stet { inline namespace v0 { namespace backend {

/// Records begin at multiples of this, behind the header.
constexpr std::size_t log_unit_bytes = 64;
constexpr std::size_t log_header_bytes = 4096;
constexpr std::size_t log_record_bytes_max = std::size_t{1} << 30;

constexpr std::size_t to_log_units(std::size_t bytes) {
  return (bytes + log_unit_bytes - 1) / log_unit_bytes * log_unit_bytes;
}

/// The first bytes of the log `id`. The rest of the header is zeros.
std::string encode_log_header(std::uint64_t id);
/// The id of the log that begins with these bytes; nothing if they are no header of a log.
std::optional<std::uint64_t> decode_log_header(std::string_view log);

/// Where a record stands in its store's life.
struct log_position {
  std::uint64_t log_id;    ///< of the file: other files' records are never taken for its own
  std::uint64_t sequence;  ///< of this record
  std::uint64_t flushed;   ///< the last sequence that was known to be durable when it was written
};

/// How long encode_record's result will be.
std::size_t record_bytes(const batch& b) noexcept;
/// Into `to`: everything but the expectations, of at most log_record_bytes_max.
void encode_record(const log_position& p, const batch& b, std::string& to);

struct log_record {
  log_position position;
  std::string_view payload;
  std::size_t bytes;
};
/// The record at this offset, whatever log it is of; nothing if there is no whole one.
std::optional<log_record> record_at(std::string_view log, std::size_t offset);
/// The batch in a payload; nothing if it is malformed.
std::optional<batch> decode_payload(std::string_view payload);

/// Goes through the records of the log `id` that follow `sequence`, which is the last one that the
/// inner store has.
///
/// A log is used from its start again after every move, so behind the records that count there are
/// older ones; and where the process or the device ended in the middle of a write, there is half a
/// record, which nobody was promised. But a later record knows which ones before it were durable:
/// find_damage tells the one case from the other. Of the very last record of all nobody knows; if
/// that is damaged, it counts as never acknowledged.
class log_walk {
 public:
  log_walk(std::string_view log, std::uint64_t id, std::uint64_t sequence)
      : log_(log), id_(id), sequence_(sequence) {}

  /// The payload of the next record; nothing at the end.
  std::optional<std::string_view> next();
  /// After the end: the offset of a record that proves that a durable one is missing before it.
  std::optional<std::size_t> find_damage() const;

  /// Behind the last record that next() gave, and its sequence.
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
