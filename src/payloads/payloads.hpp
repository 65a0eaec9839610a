// Payloads between the engine and its records: sealed when a record is made, opened when the value
// is wanted. Whatever lies between, the fold, snapshots, chunks, copies, takes them for bytes.
//
// A field that isn't plain begins with the byte ff, which no CBOR item and no UTF-8 text begins
// with: `ff`, the name of the transform as a text, and what that transform made of the field
// before, which may itself be such a field. With an empty name, what follows is plain.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <stet/payload.hpp>

#include "history/record.hpp"

namespace stet { inline namespace v0 { namespace detail {

using transform_list = std::vector<std::shared_ptr<payload_transform>>;

/// Whose record it is.
struct payload_owner {
  run_number run;
  std::uint64_t seed[2] = {0, 0};  // 128 random bits: no other run has them, in no store
  std::string_view name_space;     // as users say it
  std::string_view id;             // for errors
};

/// Which of a record's texts. In bindings, so on disk: never renumber (docs/format.md).
enum class payload_field : std::uint8_t {
  payload = 1,
  error_text = 2,
  reason = 3,
  memo = 4,
  details = 5
};

/// Which payload of a run.
struct payload_key {
  record_kind kind = record_kind::started;
  payload_field field = payload_field::payload;
  command_number command;
  std::uint64_t number = 0;  // of the record in its history, where no command says which it is
};

/// What a record refers to once it was sealed or opened.
struct kept_texts {
  std::string_view keep(std::string text) noexcept { return all[count++] = std::move(text); }
  std::array<std::string, 4> all;
  std::size_t count = 0;
};

/// Thread: the engine's loop.
class payloads {
 public:
  /// Throws errc::usage.
  explicit payloads(const transform_list& transforms);

  /// Whether sealing changes no byte of these records; a quick look.
  bool leaves_alone(std::string_view records) const noexcept;
  /// Of a record that is the `number`-th of its run, from 0. It may refer to `kept` then. Throws a
  /// users_exception with errc::payload, if a transform throws.
  void seal(record& r, const payload_owner& of, std::uint64_t number, kept_texts& kept);
  /// Takes away what would be sealed. What is left of the record can always be recorded.
  static void strip(record& r);
  /// Undoes seal(). Throws errc::payload, and says of which run and where.
  bool open(record& r, const payload_owner& of, std::uint64_t number, kept_texts& kept) const;
  /// Opens what a replay needs of a history, which begins with its first record. What it doesn't
  /// need stays as it is stored: what notes and the end by others say, memo and details of the
  /// start. A memo and details that the workflow set are opened if they can be. Throws
  /// errc::payload, malformed.
  void open_for_replay(std::string& history, const payload_owner& of) const;
  /// A text that the fold has kept of a record. Throws errc::payload.
  std::string open(std::string_view stored, const payload_owner& of, payload_key k) const;
  /// The same for people: where it can't be opened, why.
  std::string show(std::string_view stored, const payload_owner& of, payload_key k) const;

  /// The value of a table's entry; `key` is its whole key in the store. seal_entry throws a
  /// users_exception, as seal() does; open_entry throws errc::payload.
  std::string seal_entry(std::string_view plain, std::string_view name_space, std::string_view key);
  std::string open_entry(std::string_view stored, std::string_view name_space,
                         std::string_view key) const;

 private:
  bool open_what_replays(record& r, const payload_owner& of, std::uint64_t number,
                         kept_texts& kept) const;
  std::string seal_text(std::string_view plain, const payload_place& where);
  std::string open_text(std::string_view stored, const payload_place& where) const;
  payload_transform& find(std::string_view name) const;

  transform_list transforms_;
  bool has_required_ = false;
};

}  // namespace detail
}}  // namespace stet::v0
