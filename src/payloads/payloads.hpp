// Seals payloads when their record is made, and opens them when the value is wanted. Everything in
// between (the fold, snapshots, chunks, copies) takes them for bytes.
//
// A field that isn't plain begins with the byte ff, with which no CBOR item and no UTF-8 text
// begins. It is: ff, the name of the transform as a text, and the output of that transform for the
// field as it was before, which may itself be such a field. If the name is empty, the rest is
// plain.
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

/// The run to which a record belongs.
struct payload_owner {
  run_number run;
  std::uint64_t seed[2] = {0, 0};  // 128 random bits; no other run in any store has them
  std::string_view name_space;     // as users write it
  std::string_view id;             // for errors
};

/// One of a record's texts. Bindings have it, and so the disk: never renumber (docs/format.md).
enum class payload_field : std::uint8_t {
  payload = 1,
  error_text = 2,
  reason = 3,
  memo = 4,
  details = 5
};

/// Names one payload of a run.
struct payload_key {
  record_kind kind = record_kind::started;
  payload_field field = payload_field::payload;
  command_number command{};
  std::uint64_t number = 0;  // of the record in its history; 0 if kind and command suffice
};

/// The texts to which a record refers after it was sealed or opened.
struct kept_texts {
  std::string_view keep(std::string text) noexcept { return all[count++] = std::move(text); }
  std::array<std::string, 4> all;
  std::size_t count = 0;
};

/// Thread: the engine's loop.
class payloads {
 public:
  /// Throws errc::usage if the transforms can't be used together.
  explicit payloads(const transform_list& transforms);

  /// Returns true if sealing changes no byte of these records; a quick look.
  bool leaves_alone(std::string_view records) const noexcept;
  /// Seals a record, the `number`-th of its run, from 0. The record may refer to `kept` then.
  /// Throws a users_exception with errc::payload, if a transform throws.
  void seal(record& r, const payload_owner& of, std::uint64_t number, kept_texts& kept);
  /// Removes the texts that would be sealed. The rest of the record can always be recorded.
  static void strip(record& r);
  /// Undoes seal(). Throws errc::payload, with the run and the place.
  bool open(record& r, const payload_owner& of, std::uint64_t number, kept_texts& kept) const;
  /// Opens the texts of a history that a replay needs. The history begins with its first record.
  /// Other texts stay as they are stored: those of notes and of an end by others, and memo and
  /// details of the start. A memo and details that the workflow set are opened if they can be.
  /// Throws errc::payload, malformed.
  void open_for_replay(std::string& history, const payload_owner& of) const;
  /// Opens a text of a record that the fold has kept. Throws errc::payload.
  std::string open(std::string_view stored, const payload_owner& of, payload_key k) const;
  /// The same, for people: if the text can't be opened, returns why.
  std::string show(std::string_view stored, const payload_owner& of, payload_key k) const;

  /// Seal and open the value of a table's entry; `key` is its whole key in the store. seal_entry
  /// throws a users_exception, as seal() does; open_entry throws errc::payload.
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
