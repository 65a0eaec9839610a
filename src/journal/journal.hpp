// The journal: puts records into blocks and blocks into the store, and keeps what the store
// answered.
//
// Invariants:
//  - a record's LSN rises by one per record, over the whole life of the store; block numbers rise
//    by one per block;
//  - every commit carries the block and its extra writes (slices of a checkpoint), and expects the
//    key `o` to be as this owner left it;
//  - nothing is acknowledged above `durable_lsn`;
//  - blocks are erased only in a commit that also writes the marks, after a pass has folded every
//    record in them.
// Thread: the engine's loop; only commit() may be called by another, since it touches nothing but
// the sealed block and the store.
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
  std::uint64_t last_number = 0;  // of the blocks that were joined to it
  record_lsn last_lsn;
  v0::batch batch;
  std::string owner_after;  // value of the key `o` after it
  bool was_refused = false;
};

/// The most that one event of a run may add to a block of a journal in this store.
inline std::size_t event_bytes_max_of(store& s) { return s.info().value_bytes_max / 4; }

class journal {
 public:
  journal(store& s, durability d)
      : store_(s), durability_(d), event_bytes_max_(event_bytes_max_of(s)) {}

  /// The most that one event of a run may add to the block that fills: a block is one value, and so
  /// is a chunk of a run's history. It is a part of a value's size, because the requests that the
  /// event makes are written once more for their receivers, and because the block may have records
  /// already.
  std::size_t event_bytes_max() const noexcept { return event_bytes_max_; }

  /// Takes ownership of the store, then reads every block that is left. `each` gets every record
  /// with its LSN, in order. Throws store_error: corrupt, conflict, store (a newer format).
  void open(const each_record& each);

  /// Reads the same without taking ownership: nothing is written, and no other call may follow.
  void look(const each_record& each);

  /// Adds records (their bytes, `count` of them) to the block that fills. Returns the LSN of the
  /// last one.
  record_lsn append(std::string_view records, std::uint32_t count);
  /// How far the block is filled.
  struct place {
    std::size_t bytes = 0;
    std::uint32_t count = 0;
    record_lsn next_lsn;
  };
  place here() const noexcept { return {block_.size(), count_, next_lsn_}; }
  /// Removes what was added since `p`; all of it must be in this block.
  void go_back(const place& p) noexcept {
    block_.resize(p.bytes);
    count_ = p.count;
    next_lsn_ = p.next_lsn;
  }
  /// Returns true if more was added since `p` than one event may add.
  bool is_too_much_since(const place& p) const noexcept {
    return block_.size() - p.bytes > event_bytes_max_;
  }
  record_lsn last_lsn() const noexcept { return next_lsn_ - 1; }
  record_lsn durable_lsn() const noexcept { return durable_lsn_; }
  std::size_t filling_bytes() const noexcept;
  std::uint64_t filling_block() const noexcept { return next_block_; }
  run_number new_run_number() noexcept { return next_run_++; }
  /// The numbers of the next record and the next run.
  journal_place place() const noexcept { return {next_lsn_, next_run_}; }
  /// Operations that are committed together with the next block.
  batch& extra_writes() noexcept { return extra_writes_; }
  const batch& extra_writes() const noexcept { return extra_writes_; }
  bool has_something() const noexcept { return count_ > 0 || !extra_writes_.empty() || drop_; }

  /// The bytes of the blocks in the store, of the one on its way and of the one that fills.
  std::size_t kept_bytes() const noexcept { return kept_.bytes() + filling_bytes(); }
  /// Begins a pass of the checkpoint, which makes old blocks needless, so that about `leave_bytes`
  /// remain. Returns the LSN of the last record in the old blocks, or 0 if there are none.
  record_lsn begin_pass(std::size_t leave_bytes) noexcept;
  /// Ends the pass: the next block's commit erases the old blocks.
  void end_pass() noexcept { drop_ = true; }
  /// For close(): the next block says that everything is in snapshots.
  void mark_clean() noexcept {
    clean_ = drop_ = true;
    pass_floor_ = next_block_;
  }

  /// Seals the block that fills. Only between drives.
  sealed_block seal(engine_time time);
  /// Joins a block to an earlier one that isn't in the store yet: both go in one commit.
  void join(sealed_block& first, sealed_block&& next) const;
  /// Writes a block. Any thread, one at a time.
  /// Throws store_error: with errc::conflict, another engine owns the store now.
  void commit(const sealed_block& b);
  /// The block is durable: takes back its buffer.
  void committed(sealed_block& b) noexcept;

  /// The facts that open() found.
  struct opening {
    engine_time time;             // the highest time journaled before
    engine_time last_block_time;  // of the last block found; no time if there was none
    record_lsn first_lsn{1};      // of this session
    bool was_clean = true;
    bool is_owned = false;            // false: open() may be called again if the store refused
    std::vector<std::string> strays;  // keys that the store should not have; left alone

    /// The time of the last block found; no time if no block has a record from this LSN on.
    engine_time time_since(record_lsn lsn) const noexcept {
      return first_lsn > lsn ? last_block_time : engine_time();
    }
  };
  const opening& opened() const noexcept { return opened_; }
  /// Returns true if the next block's commit erases old blocks, and so writes the marks.
  bool drops() const noexcept { return drop_; }

 private:
  void take(journal_contents&& found);
  void write_marks(std::optional<std::string> before);
  void drop_blocks(sealed_block& b, engine_time time);

  store& store_;
  durability durability_;
  std::size_t event_bytes_max_;
  marks marks_;
  std::string owner_;  // the exact value of the key `o`
  std::string block_;  // place for the header, then records
  std::string spare_;  // the last block's buffer, for reuse
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
