// Makes records durable: seals blocks, has them written by the commit thread or writes them
// here, and lets callers and bodies go on when a commit is done.
//
// One block is on its way at a time. While one is written, the next is filled.
#pragma once
#include <chrono>
#include <exception>
#include <memory>

#include "engine/bodies/bodies.hpp"
#include "engine/commit/answers.hpp"
#include "engine/commit/checkpointer.hpp"
#include "engine/commit/commit_thread.hpp"
#include "engine/commit/end_reports.hpp"
#include "engine/record/recorder.hpp"
#include "engine/runs/run_room.hpp"
#include "engine/services/services.hpp"
#include "engine/tables/user_tables.hpp"
#include "engine/time/time_room.hpp"
#include "journal/journal.hpp"

namespace stet { inline namespace v0 { namespace detail {

/// Thread: the engine's loop.
class commit_line {
 public:
  commit_line(services& s, journal& j, time_room& t, run_room& r, user_tables& u, bodies& b,
              const recorder& rec);

  /// Starts the commit thread.
  void start();

  /// Seals the block that fills, and has it written: by the commit thread while the loop goes on,
  /// or here if nothing else is to be done, which saves a lone run a thread switch. Returns whether
  /// anything got done here; false if the commit thread has the block.
  bool commit();
  /// Takes back the block that the commit thread has written, if it has.
  bool finish_commit();
  /// Waits until the commit thread has no block.
  void wait();
  /// Waits until everything that is recorded is durable, or until the store refuses it.
  void make_durable();
  /// For the midst of a long turn: while one block is written, the next is filled.
  void keep_committing();
  /// Between drives: writes a block that has grown large, so that memory stays bounded.
  void commit_if_full();

  /// Lets a caller go on as soon as everything up to `lsn` is durable.
  void answer(call& c, record_lsn lsn);
  /// The run has changed: the calls that wait for that go on when the change is durable.
  void answer_watchers(resident& r);
  /// Bodies begin now, and may be back soon: the next block may wait for their outcomes.
  void expect_returns();
  /// An erasure makes room in a store that refuses a block: it is joined to that block.
  void something_was_erased() noexcept { makes_room_ = block_ != nullptr; }

  bool is_refused() const noexcept { return runs_.block.is_refused; }
  /// The error for callers while the store refuses to write.
  std::exception_ptr why_refused() const;
  /// The latest refusal.
  struct refusal {
    errc as = errc::full;  // or busy
    engine_time retry_at;
  };
  const refusal& last_refusal() const noexcept { return refusal_; }
  void retry_now() noexcept { refusal_.retry_at = time_.now(); }
  /// A block was refused, and waits for room.
  bool waits_for_room() const noexcept { return block_ && block_->was_refused; }
  /// Whether no block is on its way.
  bool is_idle() const noexcept { return at_ == block_at::nowhere; }
  /// The commit thread has a block to give back.
  bool has_written() const noexcept {
    return at_ == block_at::commit_thread && commit_thread.done();
  }
  /// commit() lets a block grow until this time.
  std::chrono::steady_clock::time_point grows_until() const noexcept { return grow_until_; }

  /// Reset when the block on its way is durable. Readers of the store as it is until then share it.
  std::shared_ptr<void> until_written;
  detail::commit_thread commit_thread;
  detail::checkpointer checkpointer;
  detail::answers answers;
  end_reports ends;

 private:
  enum class block_at { nowhere, commit_thread, refused };
  void set_at(block_at a) noexcept;
  bool may_seal();
  void seal_block();
  void join_refused();
  void write_block();
  void written(const std::exception_ptr& error);
  void refused(const store_error& e);
  void drop_written();
  bool is_quiet() const;
  bool may_grow() const noexcept;

  services& services_;
  journal& journal_;
  time_room& time_;
  run_room& runs_;
  user_tables& tables_;
  bodies& bodies_;
  const recorder& recorder_;
  block_at at_ = block_at::nowhere;
  std::unique_ptr<sealed_block> block_;
  engine_time sealed_time_;  // of that block
  bool makes_room_ = false;  // something was erased while the store refused the block
  std::chrono::steady_clock::time_point sealed_at_{}, grow_until_{};
  std::chrono::steady_clock::duration last_commit_{};
  refusal refusal_;
};

}}}  // namespace stet::v0::detail
