#include "log_record.hpp"

#include "base/crc32c.hpp"

namespace stet { inline namespace v0 { namespace backend {
namespace {

// On disk, never renumber.
constexpr std::uint32_t kRecordMagic = 0x7243'7453;          // "StCr"
constexpr std::uint64_t kFileMagic = 0x676f'6c2d'7465'7473;  // "stet-log"
constexpr std::uint32_t kFormat = 1;
enum class tag : unsigned char { put = 1, erase = 2, erase_range = 3 };

// CRC, magic number, length of the payload, zero, then three words of 64 bits.
constexpr std::size_t kRecordHeaderBytes = 40;
constexpr std::size_t kFileHeaderBytes = 24;
constexpr std::size_t kOperationHeaderBytes = 9;

template <class Number> void append(std::string& to, Number n) {
  for (std::size_t i = 0; i < sizeof n; ++i) to += static_cast<char>(n >> (8 * i) & 0xff);
}

template <class Number> Number number_at(std::string_view from, std::size_t at) {
  Number n = 0;
  for (std::size_t i = 0; i < sizeof n; ++i) {
    n |= static_cast<Number>(static_cast<unsigned char>(from[at + i])) << (8 * i);
  }
  return n;
}

/// Returns `rest` with its checksum before it.
std::string sealed(const std::string& rest) {
  std::string all;
  append(all, detail::crc32c(rest));
  return all += rest;
}

bool is_sealed(std::string_view bytes) {
  return number_at<std::uint32_t>(bytes, 0) == detail::crc32c(bytes.substr(4));
}

bool changes_nothing(const batch::operation& o) {
  return o.what == batch::kind::expect || (o.what == batch::kind::erase_range && o.key >= o.value);
}

tag tag_of(batch::kind k) {
  return k == batch::kind::put ? tag::put : k == batch::kind::erase ? tag::erase : tag::erase_range;
}

}  // namespace

std::string encode_log_header(std::uint64_t id) {
  std::string rest;
  append(rest, kFormat);
  append(rest, kFileMagic);
  append(rest, id);
  return sealed(rest);
}

std::optional<std::uint64_t> decode_log_header(std::string_view log) {
  if (log.size() < log_header_bytes) return std::nullopt;
  std::string_view header = log.substr(0, kFileHeaderBytes);
  if (number_at<std::uint32_t>(header, 4) != kFormat) return std::nullopt;
  if (number_at<std::uint64_t>(header, 8) != kFileMagic) return std::nullopt;
  if (!is_sealed(header)) return std::nullopt;
  return number_at<std::uint64_t>(header, 16);
}

std::size_t record_bytes(const batch& b) noexcept {
  std::size_t n = kRecordHeaderBytes;
  for (const auto& o : b.operations()) {
    if (!changes_nothing(o)) n += kOperationHeaderBytes + o.key.size() + o.value.size();
  }
  return n;
}

void encode_record(const log_position& p, const batch& b, std::string& to) {
  const std::size_t bytes = record_bytes(b);
  to.clear();
  to.reserve(bytes);
  append(to, std::uint32_t{0});  // place for the checksum
  append(to, kRecordMagic);
  append(to, static_cast<std::uint32_t>(bytes - kRecordHeaderBytes));
  append(to, std::uint32_t{0});
  append(to, p.sequence);
  append(to, p.flushed);
  append(to, p.log_id);
  for (const auto& o : b.operations()) {
    if (changes_nothing(o)) continue;
    to += static_cast<char>(tag_of(o.what));
    append(to, static_cast<std::uint32_t>(o.key.size()));
    append(to, static_cast<std::uint32_t>(o.value.size()));
    to += o.key;
    to += o.value;
  }
  std::string sum;
  append(sum, detail::crc32c(std::string_view(to).substr(4)));
  to.replace(0, sum.size(), sum);
}

namespace {

/// A place that has the head of a record; its checksum has not been compared yet.
struct log_candidate {
  log_position position;
  std::string_view bytes;
};

std::optional<log_candidate> candidate_at(std::string_view log, std::size_t offset) {
  if (offset > log.size() || log.size() - offset < kRecordHeaderBytes) return std::nullopt;
  const std::string_view from = log.substr(offset);
  if (number_at<std::uint32_t>(from, 4) != kRecordMagic) return std::nullopt;
  const std::size_t length = number_at<std::uint32_t>(from, 8);
  if (length > from.size() - kRecordHeaderBytes) return std::nullopt;
  return log_candidate{{.log_id = number_at<std::uint64_t>(from, 32),
                        .sequence = number_at<std::uint64_t>(from, 16),
                        .flushed = number_at<std::uint64_t>(from, 24)},
                       from.substr(0, kRecordHeaderBytes + length)};
}

}  // namespace

std::optional<log_record> record_at(std::string_view log, std::size_t offset) {
  const auto c = candidate_at(log, offset);
  if (!c || !is_sealed(c->bytes)) return std::nullopt;
  return log_record{c->position, c->bytes.substr(kRecordHeaderBytes), c->bytes.size()};
}

std::optional<batch> decode_payload(std::string_view payload) {
  batch b;
  while (!payload.empty()) {
    if (payload.size() < kOperationHeaderBytes) return std::nullopt;
    std::size_t key_bytes = number_at<std::uint32_t>(payload, 1);
    std::size_t value_bytes = number_at<std::uint32_t>(payload, 5);
    auto what = static_cast<tag>(payload[0]);
    payload.remove_prefix(kOperationHeaderBytes);
    if (key_bytes + value_bytes > payload.size()) return std::nullopt;
    std::string key(payload.substr(0, key_bytes));
    std::string value(payload.substr(key_bytes, value_bytes));
    payload.remove_prefix(key_bytes + value_bytes);
    switch (what) {
      case tag::put: b.put(std::move(key), std::move(value)); break;
      case tag::erase: b.erase(std::move(key)); break;
      case tag::erase_range: b.erase_range(std::move(key), std::move(value)); break;
      default: return std::nullopt;
    }
  }
  return b;
}

std::optional<std::string_view> log_walk::next() {
  auto r = record_at(log_, offset_);
  if (!r || r->position.log_id != id_ || r->position.sequence != sequence_ + 1) {
    return std::nullopt;
  }
  offset_ += to_log_units(r->bytes);
  ++sequence_;
  return r->payload;
}

// A payload may look like records at every offset, each with a length that makes its checksum cost
// as much as the whole log. So the checksum is compared last, and only for heads that belong to
// this very log.
std::optional<std::size_t> log_walk::find_damage() const {
  for (std::size_t at = offset_; at < log_.size(); at += log_unit_bytes) {
    const auto c = candidate_at(log_, at);
    const bool is_proof = c && c->position.log_id == id_ && c->position.flushed > sequence_ &&
                          c->position.sequence > c->position.flushed;
    if (is_proof && is_sealed(c->bytes)) return at;
  }
  return std::nullopt;
}

}  // namespace backend
}  // namespace v0
}  // namespace stet
