#include "journal/journal.hpp"

#include <algorithm>
#include <utility>

#include "base/ensure.hpp"
#include "base/hooks.hpp"
#include "history/block.hpp"
#include "keys/keys.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t spare_bytes_max = 4u << 20;

}  // namespace

void journal::open(const each_record& each) {
  journal_reader in(store_);
  if (!in.read_format()) {
    batch b;
    b.put(keys::format(), std::to_string(store_format));
    store_.commit(b, durability::sync);
  }
  auto before = in.read_marks();
  opened_.was_clean = in.found.marks.clean;
  marks_ = in.found.marks;
  ++marks_.epoch;
  marks_.clean = false;
  write_marks(std::move(before));
  opened_.is_owned = true;
  in.read_all(each);
  take(std::move(in.found));
  if (!marks_.has_sum) {
    marks_.has_sum = true;
    write_marks(owner_);
  }
  durable_lsn_ = next_lsn_ - 1;
  opened_.first_lsn = next_lsn_;
  block_.assign(block_header_bytes, '\0');
}

void journal::look(const each_record& each) {
  journal_reader in(store_);
  if (!in.read_format()) return;
  (void)in.read_marks();
  in.read_all(each);
  take(std::move(in.found));
}

void journal::take(journal_contents&& found) {
  kept_ = std::move(found.kept);
  next_block_ = found.next_block;
  next_lsn_ = found.next_lsn;
  next_run_ = found.next_run;
  opened_.time = found.time_at_open;
  opened_.last_block_time = found.last_block_time;
  opened_.strays = std::move(found.strays);
}

void journal::write_marks(std::optional<std::string> before) {
  owner_ = encode(marks_);
  batch b;
  b.expect(keys::owner(), std::move(before));
  b.put(keys::owner(), owner_);
  // No such blocks exist. The range makes it a batch that erases: for those a full store may have
  // room ready, and erasing needs an owner first.
  b.erase_range(keys::journal(0), keys::journal(marks_.first_block));
  store_.commit(b, durability::sync);  // only after this what was read counts as durable
}

record_lsn journal::append(std::string_view records, std::uint32_t count) {
  ensure(count > 0 && !records.empty(), "what is recorded is at least one record");
  ensure(block_.size() >= block_header_bytes, "a block has its header's place");
  block_ += records;
  count_ += count;
  next_lsn_ = next_lsn_ + count;
  return next_lsn_ - 1;
}
record_lsn journal::begin_pass(std::size_t leave_bytes) noexcept {
  auto cut = kept_.cut_to(leave_bytes);
  if (cut.last_lsn) pass_floor_ = cut.floor;
  return cut.last_lsn;
}
std::size_t journal::filling_bytes() const noexcept { return block_.size() - block_header_bytes; }

/// Adds the erasure of the blocks that a pass has made needless, and writes the marks.
void journal::drop_blocks(sealed_block& b, engine_time time) {
  ensure(marks_.next_lsn <= next_lsn_ && marks_.next_run <= next_run_, "marks never fall");
  marks_.next_lsn = next_lsn_;
  marks_.next_run = next_run_;
  marks_.time = std::max({marks_.time, time, opened_.time});
  marks_.clean = clean_;
  if (clean_ && count_ > 0)
    pass_floor_ = next_block_ + 1;  // this block's records are in snapshots too
  if (STET_SEEDED(drop_unapplied_blocks)) pass_floor_ = next_block_;
  ensure(pass_floor_ <= next_block_ + 1, "only blocks that exist are dropped");
  if (pass_floor_ > marks_.first_block) {
    b.batch.erase_range(keys::journal(marks_.first_block), keys::journal(pass_floor_));
    marks_.first_block = pass_floor_;
    kept_.drop_before(pass_floor_);
  }
  b.owner_after = encode(marks_);
  b.batch.put(keys::owner(), b.owner_after);
  drop_ = false;
}

sealed_block journal::seal(engine_time time) {
  sealed_block b;
  b.number = b.last_number = next_block_;
  b.last_lsn = next_lsn_ - 1;
  b.batch = std::move(extra_writes_);
  extra_writes_ = {};
  b.batch.expect(keys::owner(), owner_);
  b.owner_after = owner_;
  if (drop_) drop_blocks(b, time);
  if (count_ > 0) {
    seal_block(block_, {next_block_, next_lsn_ - count_, count_, time});
    if (!clean_) kept_.add(next_block_, next_lsn_ - 1, block_.size());
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
      case batch::kind::expect: break;  // the same as that of `first`
    }
  }
  first.last_number = next.last_number;
  first.last_lsn = next.last_lsn;
  if (next.owner_after != owner_) first.owner_after = std::move(next.owner_after);
}

void journal::committed(sealed_block& b) noexcept {
  // Keeps a buffer that has grown to the size of a block.
  for (auto& o : b.batch.release())
    if (o.value.size() > spare_.capacity() && o.value.size() <= spare_bytes_max)
      spare_ = std::move(o.value);
  durable_lsn_ = b.last_lsn;
  owner_ = std::move(b.owner_after);
}

}}}  // namespace stet::v0::detail
