#include "journal/journal.hpp"

#include <algorithm>

#include "base/checksum.hpp"
#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "base/shown.hpp"
#include "history/block.hpp"
#include "journal/strays.hpp"
#include "keys/keys.hpp"
#include "run_state/run_state.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::uint8_t version_without_sum = 1, marks_version = 2;
constexpr std::size_t spare_bytes_max = 4u << 20;

bool begins_as_block(std::string_view value) { return value.starts_with("StB1"); }

}  // namespace

std::string encode(const marks& m) {
  std::string out;
  put_byte(out, m.has_sum ? marks_version : version_without_sum);
  put_varint(out, m.epoch);
  put_varint(out, m.first_block);
  put_varint(out, m.next_lsn);
  put_varint(out, m.next_run);
  put_signed(out, m.time);
  put_byte(out, m.clean);
  if (m.has_sum) add_checksum(out);
  return out;
}
marks decode_marks(std::string_view bytes) {
  auto version = source(bytes).byte();
  if (version != version_without_sum && version != marks_version)
    throw malformed("they are of an unknown version");
  marks m;
  m.has_sum = version == marks_version;
  source in(m.has_sum ? without_checksum(bytes) : bytes);
  if (in.done()) throw malformed("their checksum is wrong");
  (void)in.byte();
  m.epoch = in.varint();
  m.first_block = in.varint();
  m.next_lsn = in.varint();
  m.next_run = in.varint();
  m.time = in.signed_varint();
  m.clean = in.byte() != 0;
  if (!in.done()) throw malformed("they are longer than their fields");
  return m;
}

void journal::refuse(std::string_view what) const {
  auto i = store_.info();
  throw store_error(errc::corrupt, i.scheme + " open", i.path, 0,
                    std::string(what) + "; nothing was executed: restore the store from a copy");
}

/// False: the store is empty, and has none.
bool journal::read_format() {
  auto expected = std::to_string(store_format);
  auto found = store_.get(keys::format());
  if (!found) {
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
  if (*found != expected) {
    auto i = store_.info();
    throw store_error(errc::store, i.scheme + " open", i.path, 0,
                      "the store has format " + shown(*found) + ", this build knows format " +
                          expected +
                          ": open it with the version of Stet that wrote it, or a later one");
  }
  return true;
}

std::optional<std::string> journal::read_marks() {
  auto found = store_.get(keys::owner());
  try {
    if (found) marks_ = decode_marks(*found);
  } catch (const malformed& e) {
    refuse(std::string("the marks (key o) can't be read: ") + e.what());
  }
  if (!found) {  // else numbers would be handed out again, and new records be taken for applied
                 // ones
    auto first = keys::all(static_cast<keys::space>(0)), last = keys::end_of({first[0]});
    scan(store_, {first, last}, [&](std::string_view, std::string_view) -> bool {
      refuse("the store holds runs, and its marks (key o) are missing");
    });
  }
  auto first = keys::journal(0), last = keys::journal(marks_.first_block);
  scan(store_, {first, last}, [&](std::string_view key, std::string_view) -> bool {
    refuse("the block at the key " + shown(key) + " should have been dropped");
  });
  was_clean_ = marks_.clean;
  time_at_open_ = marks_.time;
  return found;
}

void journal::own() {
  auto found = read_marks();
  ++marks_.epoch;
  marks_.clean = false;
  write_marks(std::move(found));
  is_owned_ = true;
}

void journal::write_marks(std::optional<std::string> before) {
  owner_ = encode(marks_);
  batch b;
  b.expect(keys::owner(), std::move(before));
  b.put(keys::owner(), owner_);
  // There are none: but who erases may have what a full store holds ready for that, and to erase
  // anything somebody has to own it.
  b.erase_range(keys::journal(0), keys::journal(marks_.first_block));
  store_.commit(b, durability::sync);  // nothing read before this returns counts as durable
}

/// A snapshot has numbers that were handed out. Marks that would hand them out again (damaged, or
/// older than the store) would let a new run overwrite another, and new records be taken for ones
/// that a snapshot has. Marks with a checksum are held against the latest run, others against all.
void journal::prove_marks() const {
  auto from = keys::all(keys::space::snapshot), to = keys::end_of(from);
  scan(store_, {from, to, true}, [&](std::string_view key, std::string_view value) {
    run_state s;
    try {
      s = decode_run_state(value);
    } catch (const malformed&) { return true; }  // it says nothing of the marks
    if (key != keys::snapshot(s.run)) return true;
    if (s.run >= next_run_ || s.applied_lsn >= next_lsn_)
      refuse(
          "the marks (key o) are damaged, or older than what else the store holds: they and "
          "the blocks say that the next run is " +
          std::to_string(next_run_) + " and the next record " + std::to_string(next_lsn_) +
          ", but there is a snapshot of run " + std::to_string(s.run) + " with record " +
          std::to_string(s.applied_lsn));
    return !marks_.has_sum;
  });
}

std::uint64_t journal::read_blocks(
    const std::function<void(const record&, std::string_view, std::uint64_t)>& each) {
  auto expected = marks_.first_block;
  auto lsn = std::uint64_t{0};
  auto from = keys::all(keys::space::journal), to = keys::end_of(from);
  std::vector<std::pair<std::uint64_t, std::string>>
      blocks;  // `each` reads the store: no visitor may
  scan(store_, {from, to}, [&](std::string_view key, std::string_view value) {
    if (key.size() == keys::journal(0).size()) {
      blocks.emplace_back(keys::last_number(key), value);
    } else {
      if (begins_as_block(value)) refuse("a block stands at the key " + shown(key));
      strays_.emplace_back(key);
    }
    return true;
  });
  for (auto& [number, value] : blocks) {
    if (number != expected) refuse("block " + std::to_string(expected) + " is missing");
    try {
      auto head = open_block(value, number);
      if (lsn != 0 && head.first_lsn != lsn + 1)
        throw malformed("its records don't follow the last block's");
      if (lsn == 0 && head.first_lsn > marks_.next_lsn)
        throw malformed("records before it are missing");
      lsn = head.first_lsn - 1;
      source in(records_of(value));
      for (auto n = head.count; n > 0; --n) {
        auto before = in.rest();
        auto r = decode_record(in);
        each(r, before.substr(0, before.size() - in.left()), ++lsn);
      }
      if (!in.done()) throw malformed("it holds more records than it counts");
      time_at_open_ = std::max(time_at_open_, head.time);
      last_block_time_ = head.time;
      keep(number, lsn, value.size());
    } catch (const malformed& e) {
      refuse("block " + std::to_string(number) + " is damaged: " + e.what());
    }
    ++expected;
  }
  next_block_ = expected;
  return lsn;
}

void journal::open(
    const std::function<void(const record&, std::string_view, std::uint64_t)>& each) {
  if (!read_format()) {
    batch b;
    b.put(keys::format(), std::to_string(store_format));
    store_.commit(b, durability::sync);
  }
  own();
  read_all(each);
  if (!marks_.has_sum) {
    marks_.has_sum = true;
    write_marks(owner_);
  }
  durable_lsn_ = next_lsn_ - 1;
  first_lsn_of_session_ = next_lsn_;
  block_.assign(block_header_bytes, '\0');
}

void journal::look(
    const std::function<void(const record&, std::string_view, std::uint64_t)>& each) {
  if (!read_format()) return;
  (void)read_marks();
  read_all(each);
}

/// Every block that is left, and what is numbered next.
void journal::read_all(
    const std::function<void(const record&, std::string_view, std::uint64_t)>& each) {
  next_run_ = marks_.next_run;
  auto last = read_blocks([&](const record& r, std::string_view bytes, std::uint64_t lsn) {
    // A child that couldn't be started has a number too.
    next_run_ = std::max(next_run_, r.run + 1);
    if (!STET_SEEDED(reuse_child_number)) next_run_ = std::max(next_run_, r.related + 1);
    each(r, bytes, lsn);
  });
  next_lsn_ = std::max(marks_.next_lsn, last + 1);
  prove_marks();
  look_at_strays();
}

/// The last block is missed by nobody: if its key was damaged it stands at another one.
void journal::look_at_strays() {
  auto must_not_be_last = [&](std::string_view key, std::string_view value) {
    try {
      (void)open_block(value, next_block_);
    } catch (const malformed&) { return; }
    refuse("block " + std::to_string(next_block_) + " stands at the key " + shown(key) +
           ", where none belongs");
  };
  find_strays(store_, [&](std::string_view key, std::string_view value) {
    must_not_be_last(key, value);
    strays_.emplace_back(key);
  });
  for (int bit = 0; bit < 8; ++bit) {  // among keys of another kind
    auto key = keys::journal(next_block_);
    key[1] = static_cast<char>(key[1] ^ 1 << bit);
    if (auto value = store_.get(key)) must_not_be_last(key, *value);
  }
}

std::uint64_t journal::append(std::string_view records, std::uint32_t count) {
  ensure(count > 0 && !records.empty(), "what is recorded is at least one record");
  ensure(block_.size() >= block_header_bytes, "a block has its header's place");
  block_ += records;
  count_ += count;
  next_lsn_ += count;
  return next_lsn_ - 1;
}
void journal::keep(std::uint64_t number, std::uint64_t last_lsn, std::size_t bytes) {
  kept_.push_back({number, last_lsn, bytes});
  kept_bytes_ += bytes;
}
std::uint64_t journal::begin_pass(std::size_t leave_bytes) noexcept {
  std::uint64_t last = 0;
  auto left = kept_bytes_;
  for (auto b = kept_.begin(); b != kept_.end() && left > leave_bytes; ++b) {
    left -= b->bytes;
    last = b->last_lsn;
    pass_floor_ = b->number + 1;
  }
  return last;
}
std::size_t journal::filling_bytes() const noexcept { return block_.size() - block_header_bytes; }

sealed_block journal::seal(std::int64_t time) {
  sealed_block b;
  b.number = b.last_number = next_block_;
  b.last_lsn = next_lsn_ - 1;
  b.batch = std::move(riders_);
  riders_ = {};
  b.batch.expect(keys::owner(), owner_);
  b.owner_after = owner_;
  if (drop_) {
    ensure(marks_.next_lsn <= next_lsn_ && marks_.next_run <= next_run_, "marks never fall");
    marks_.next_lsn = next_lsn_;
    marks_.next_run = next_run_;
    marks_.time = std::max({marks_.time, time, time_at_open_});
    marks_.clean = clean_;
    if (clean_ && count_ > 0)
      pass_floor_ = next_block_ + 1;  // what is in this very block is in snapshots too
    if (STET_SEEDED(drop_unapplied_blocks)) pass_floor_ = next_block_;
    ensure(pass_floor_ <= next_block_ + 1, "only blocks that exist are dropped");
    if (pass_floor_ > marks_.first_block) {
      b.batch.erase_range(keys::journal(marks_.first_block), keys::journal(pass_floor_));
      marks_.first_block = pass_floor_;
      for (; !kept_.empty() && kept_.front().number < pass_floor_; kept_.pop_front())
        kept_bytes_ -= kept_.front().bytes;
    }
    ensure(!kept_.empty() || kept_bytes_ == 0, "the bytes kept are the bytes counted");
    b.owner_after = encode(marks_);
    b.batch.put(keys::owner(), b.owner_after);
    drop_ = false;
  }
  if (count_ > 0) {
    seal_block(block_, {next_block_, next_lsn_ - count_, count_, time});
    if (!clean_) keep(next_block_, next_lsn_ - 1, block_.size());
    if (!clean_) b.batch.put(keys::journal(next_block_), std::move(block_));
    block_ = std::exchange(spare_, {});
    block_.assign(block_header_bytes, '\0');
    ++next_block_;
    count_ = 0;
  }
  return b;
}

void journal::commit(const sealed_block& b) {
  try {
    store_.commit(b.batch, durability_);
  } catch (const store_error& e) {
    if (e.code() != errc::conflict) throw;
    throw store_error(
        errc::conflict, e.operation(), e.path(), e.native(),
        "another engine, perhaps in another process, has opened this store since, and "
        "owns it now: this one stops, and what it hasn't acknowledged doesn't count; "
        "give each engine a store of its own (" +
            std::string(e.what()) + ")",
        e.outcome());
  }
}

void journal::join(sealed_block& first, sealed_block&& next) const {
  for (auto& o : next.batch.release()) {
    switch (o.what) {
      case batch::kind::put: first.batch.put(std::move(o.key), std::move(o.value)); break;
      case batch::kind::erase: first.batch.erase(std::move(o.key)); break;
      case batch::kind::erase_range:
        first.batch.erase_range(std::move(o.key), std::move(o.value));
        break;
      case batch::kind::expect: break;  // that of `first` says it
    }
  }
  first.last_number = next.last_number;
  first.last_lsn = next.last_lsn;
  if (next.owner_after != owner_) first.owner_after = std::move(next.owner_after);
}

void journal::committed(sealed_block& b) noexcept {
  // A buffer that has grown to the size of a block is worth keeping.
  for (auto& o : b.batch.release())
    if (o.value.size() > spare_.capacity() && o.value.size() <= spare_bytes_max)
      spare_ = std::move(o.value);
  durable_lsn_ = b.last_lsn;
  owner_ = std::move(b.owner_after);
}

}  // namespace detail
}}  // namespace stet::v0
