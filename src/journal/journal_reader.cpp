#include "journal/journal_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "history/block.hpp"
#include "journal/strays.hpp"
#include "keys/keys.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

bool begins_as_block(std::string_view value) { return value.starts_with("StB1"); }

}  // namespace

void journal_reader::refuse(std::string_view what) const {
  auto i = store_.info();
  throw store_error(errc::corrupt, i.scheme + " open", i.path, 0,
                    std::string(what) + "; nothing was executed: restore the store from a copy");
}

/// Returns false if the store is empty, and so has no format.
bool journal_reader::read_format() {
  auto expected = std::to_string(store_format);
  auto format = store_.get(keys::format());
  if (!format) {
    if (store_.get(keys::copy_note())) {
      auto i = store_.info();
      throw store_error(errc::conflict, i.scheme + " open", i.path, 0,
                        "the store is an unfinished copy: run the copy again, it goes on where it "
                        "stopped");
    }
    bool empty = true;
    scan(store_, {}, [&](std::string_view, std::string_view) { return empty = false; });
    if (!empty) refuse("the store holds something, and its format isn't named");
    return false;
  }
  if (*format != expected) {
    auto i = store_.info();
    throw store_error(errc::store, i.scheme + " open", i.path, 0,
                      "the store has format " + shown(*format) + ", this build knows format " +
                          expected +
                          ": open it with the version of Stet that wrote it, or a later one");
  }
  return true;
}

std::optional<std::string> journal_reader::read_marks() {
  auto bytes = store_.get(keys::owner());
  try {
    if (bytes) found.marks = decode_marks(*bytes);
  } catch (const malformed& e) {
    refuse(std::string("the marks (key o) can't be read: ") + e.what());
  }
  if (!bytes) {  // else numbers would be handed out again, and new records would seem to be
                 // applied already
    auto first = keys::all(static_cast<keys::space>(0)), last = keys::end_of({first[0]});
    scan(store_, {first, last}, [&](std::string_view, std::string_view) -> bool {
      refuse("the store holds runs, and its marks (key o) are missing");
    });
  }
  auto first = keys::journal(0), last = keys::journal(found.marks.first_block);
  scan(store_, {first, last}, [&](std::string_view key, std::string_view) -> bool {
    refuse("the block at the key " + shown(key) + " should have been dropped");
  });
  found.time_at_open = found.marks.time;
  return bytes;
}

/// Reads every block that is left, and finds the next numbers.
void journal_reader::read_all(const each_record& each) {
  found.next_run = found.marks.next_run;
  auto last = read_blocks([&](const record& r, std::string_view bytes, record_lsn lsn) {
    // A child that couldn't be started has a number, too.
    found.next_run = std::max(found.next_run, r.run + 1);
    if (!STET_SEEDED(reuse_child_number)) found.next_run = std::max(found.next_run, r.related + 1);
    each(r, bytes, lsn);
  });
  found.next_lsn = std::max(found.marks.next_lsn, last + 1);
  prove_marks();
  look_at_strays();
}

record_lsn journal_reader::read_blocks(const each_record& each) {
  auto expected = found.marks.first_block;
  record_lsn lsn;
  auto from = keys::all(keys::space::journal), to = keys::end_of(from);
  std::vector<std::pair<std::uint64_t, std::string>>
      blocks;  // `each` reads the store, which a visitor may not
  scan(store_, {from, to}, [&](std::string_view key, std::string_view value) {
    if (key.size() == keys::journal(0).size()) {
      blocks.emplace_back(keys::last_number(key), value);
    } else {
      if (begins_as_block(value)) refuse("a block stands at the key " + shown(key));
      found.strays.emplace_back(key);
    }
    return true;
  });
  for (auto& [number, value] : blocks) {
    if (number != expected) refuse("block " + std::to_string(expected) + " is missing");
    try {
      auto head = open_block(value, number);
      if (lsn && head.first_lsn != lsn + 1)
        throw malformed("its records don't follow the last block's");
      if (!lsn && head.first_lsn > found.marks.next_lsn)
        throw malformed("records before it are missing");
      lsn = head.first_lsn - 1;
      source in(records_of(value));
      for (auto n = head.count; n > 0; --n) {
        auto before = in.rest();
        auto r = decode_record(in);
        each(r, before.substr(0, before.size() - in.left()), ++lsn);
      }
      if (!in.done()) throw malformed("it holds more records than it counts");
      found.time_at_open = std::max(found.time_at_open, head.time);
      found.last_block_time = head.time;
      found.kept.add(number, lsn, value.size());
    } catch (const malformed& e) {
      refuse("block " + std::to_string(number) + " is damaged: " + e.what());
    }
    ++expected;
  }
  found.next_block = expected;
  return lsn;
}

/// A snapshot has numbers that were handed out. Marks that would hand them out again (damaged, or
/// older than the store) would let a new run overwrite another, and new records would seem to be in
/// a snapshot already. Marks with a checksum are compared with the latest run, others with all.
void journal_reader::prove_marks() const {
  auto from = keys::all(keys::space::snapshot), to = keys::end_of(from);
  scan(store_, {from, to, true}, [&](std::string_view key, std::string_view value) {
    run_state s;
    try {
      s = decode_run_state(value);
    } catch (const malformed&) { return true; }  // it says nothing about the marks
    if (key != keys::snapshot(s.run)) return true;
    if (s.run >= found.next_run || s.applied_lsn >= found.next_lsn)
      refuse(
          "the marks (key o) are damaged, or older than what else the store holds: they and "
          "the blocks say that the next run is " +
          std::to_string(found.next_run.value()) + " and the next record " +
          std::to_string(found.next_lsn.value()) + ", but there is a snapshot of run " +
          std::to_string(s.run.value()) + " with record " + std::to_string(s.applied_lsn.value()));
    return !found.marks.has_sum;
  });
}

/// If the key of the last block was damaged, no gap shows that: the block is looked for at other
/// keys.
void journal_reader::look_at_strays() {
  auto must_not_be_last = [&](std::string_view key, std::string_view value) {
    try {
      (void)open_block(value, found.next_block);
    } catch (const malformed&) { return; }
    refuse("block " + std::to_string(found.next_block) + " stands at the key " + shown(key) +
           ", where none belongs");
  };
  find_strays(store_, [&](std::string_view key, std::string_view value) {
    must_not_be_last(key, value);
    found.strays.emplace_back(key);
  });
  for (int bit = 0; bit < 8; ++bit) {  // at keys of other kinds
    auto key = keys::journal(found.next_block);
    key[1] = static_cast<char>(key[1] ^ 1 << bit);
    if (auto value = store_.get(key)) must_not_be_last(key, *value);
  }
}

}}}  // namespace stet::v0::detail
