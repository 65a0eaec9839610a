// The journal: records into blocks, blocks into the store, and what the store said about it.
//
// Invariants:
//  - a record's LSN rises by one per record, over the whole life of the store; block numbers rise
//  by one per block;
//  - every commit carries the block, what rides along (slices of a checkpoint), and expects `o` to
//  be as this owner left it;
//  - nothing is acknowledged above `durable_lsn`;
//  - blocks go only in a commit that also writes the marks (DESIGN, Journal), after a pass has
//  folded every record in them.
// Thread: the engine's loop, but commit(), which touches only the sealed block and the store.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <stet/store.hpp>

#include "history/record.hpp"
#include "journal/clock_history.hpp"
#include "journal/journal_reader.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// A block on its way to the store.
struct sealed_block {
  std::uint64_t number = 0;
  std::uint64_t last_number = 0;  // of those that were joined to it
  record_lsn last_lsn;
  v0::batch batch;
  std::string owner_after;  // what `o` holds after it
  bool was_refused = false;
};

/// The most that one event of a run may add to a block of a journal in this store.
inline std::size_t event_bytes_max_of(store& s) { return s.info().value_bytes_max / 4; }

class journal {
 public:
  journal(store& s, durability d)
      : store_(s), durability_(d), event_bytes_max_(event_bytes_max_of(s)) {}

  /// The most that one event of a run may add to the block that fills: a block is one value, and so
  /// is a chunk of a run's history. What it asks for is written once more for whom it is for, and
  /// the block may have something already.
  std::size_t event_bytes_max() const noexcept { return event_bytes_max_; }

  /// Owns the store, then reads every block that is left. `each` gets every record with its LSN, in
  /// order. Throws store_error: corrupt, conflict, store (a newer format).
  void open(const each_record& each);

  /// The same without owning the store: nothing is written, and nothing else can follow.
  void look(const each_record& each);

  /// Adds records (their bytes, `count` of them) to the block that fills. Returns the LSN of the
  /// last.
  record_lsn append(std::string_view records, std::uint32_t count);
  /// Where the block that fills has come to.
  struct place {
    std::size_t bytes = 0;
    std::uint32_t count = 0;
    record_lsn next_lsn;
  };
  place here() const noexcept { return {block_.size(), count_, next_lsn_}; }
  /// Takes back what was added since, all of it to this block.
  void go_back(const place& p) noexcept {
    block_.resize(p.bytes);
    count_ = p.count;
    next_lsn_ = p.next_lsn;
  }
  /// Whether more than one event may add was added since.
  bool is_too_much_since(const place& p) const noexcept {
    return block_.size() - p.bytes > event_bytes_max_;
  }
  record_lsn last_lsn() const noexcept { return next_lsn_ - 1; }
  record_lsn durable_lsn() const noexcept { return durable_lsn_; }
  std::size_t filling_bytes() const noexcept;
  std::uint64_t filling_block() const noexcept { return next_block_; }
  run_number new_run_number() noexcept { return next_run_++; }
  /// What the next record and the next run are numbered.
  journal_place place() const noexcept { return {next_lsn_, next_run_}; }
  /// What rides along with the next block.
  batch& extra_writes() noexcept { return extra_writes_; }
  bool has_something() const noexcept { return count_ > 0 || !extra_writes_.empty() || drop_; }

  /// Of the blocks that are in the store, the one on its way and the one that fills.
  std::size_t kept_bytes() const noexcept { return kept_.bytes() + filling_bytes(); }
  /// A pass of the checkpoint begins: it will make the old blocks superfluous, so that about
  /// `leave_bytes` remain. Returns the LSN of their last record; 0: there are none.
  record_lsn begin_pass(std::size_t leave_bytes) noexcept;
  /// The next block drops them.
  void end_pass() noexcept { drop_ = true; }
  /// The next block says that everything is in snapshots: for close().
  void mark_clean() noexcept {
    clean_ = drop_ = true;
    pass_floor_ = next_block_;
  }

  /// Closes the block that fills. Only between drives.
  sealed_block seal(std::int64_t time);
  /// Lets a block go along with an earlier one that isn't in the store: in one commit.
  void join(sealed_block& first, sealed_block&& next) const;
  /// Writes it. Throws store_error. Any thread, one at a time.
  /// Throws store_error: with errc::conflict, another engine owns the store now.
  void commit(const sealed_block& b);
  /// It is durable. What it held is taken from it.
  void committed(sealed_block& b) noexcept;

  /// What is known of its opening.
  struct opening {
    std::int64_t time = 0;             // the highest that was journaled then
    std::int64_t last_block_time = 0;  // of the last block that was there; 0 if there was none
    record_lsn first_lsn{1};           // of this session
    bool was_clean = true;
    bool is_owned = false;            // false: open() may be called again if the store refused
    std::vector<std::string> strays;  // keys that the store should not have: they are left alone

    /// The time of the last block that was there; 0 if there was none from this LSN on.
    std::int64_t time_since(record_lsn lsn) const noexcept {
      return first_lsn > lsn ? last_block_time : 0;
    }
  };
  const opening& opened() const noexcept { return opened_; }
  /// The next block drops some that are old, and so writes the marks.
  bool drops() const noexcept { return drop_; }

 private:
  void take(journal_contents&& found);
  void write_marks(std::optional<std::string> before);
  void drop_blocks(sealed_block& b, std::int64_t time);

  store& store_;
  durability durability_;
  std::size_t event_bytes_max_;
  marks marks_;
  std::string owner_;  // exactly what `o` holds
  std::string block_;  // header's place, then records
  std::string spare_;  // the last block's buffer, to be used again
  std::uint32_t count_ = 0;
  batch extra_writes_;
  record_lsn next_lsn_{1};
  record_lsn durable_lsn_;
  std::uint64_t next_block_ = 1;
  run_number next_run_{1};
  std::uint64_t pass_floor_ = 0;
  kept_blocks kept_;
  opening opened_;
  bool drop_ = false;
  bool clean_ = false;
};

}  // namespace detail
}}  // namespace stet::v0
