// The way from recorded to durable.
#include "engine/commit/commit_line.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

/// A store that refuses to write while it has no room.
class small_store final : public stet::store {
 public:
  explicit small_store(bool& has_room) : has_room_(has_room), below_(stet::memory::open()) {}
  std::optional<std::string> get(std::string_view key) override { return below_->get(key); }
  void scan(const stet::scan_range& r, stet::visitor& v) override { below_->scan(r, v); }
  void commit(const stet::batch& b, stet::durability d) override {
    if (!has_room_)
      throw stet::store_error(stet::errc::full, "small commit", "", 0, "no room",
                              stet::commit_outcome::refused);
    below_->commit(b, d);
  }
  void close() override { below_->close(); }
  stet::store_info info() const override { return below_->info(); }

 private:
  bool& has_room_;
  std::unique_ptr<stet::store> below_;
};

}  // namespace

TEST_CASE("a commit makes durable what was recorded, and lets its callers go on") {
  parts p;
  auto r = p.start("a");
  noted_call before, after;
  p->commit.answer(before, no_lsn);
  CHECK(before.is_done());
  p->commit.answer(after, r->last_lsn);
  CHECK(!after.is_done());
  CHECK(p->commit.commit());
  CHECK(p->journal.durable_lsn() == r->last_lsn);
  CHECK(after.is_done());
  CHECK(!p->commit.commit());  // there is nothing more
}

TEST_CASE("a refused block is kept and tried again, and callers are told") {
  bool has_room = true;
  parts p(std::make_unique<small_store>(has_room));
  auto r = p.start("a");
  has_room = false;
  noted_call waits, looks;
  looks.only_looks = true;
  p->commit.answer(waits, r->last_lsn);
  p->commit.answer(looks, r->last_lsn);
  CHECK(!p->commit.commit());
  CHECK(p->commit.is_refused());
  CHECK(p->commit.waits_for_room());
  CHECK(waits.error().find("no room") != std::string::npos);
  CHECK(!looks.is_done());  // it is performed again
  CHECK(p->inbox.has_calls());
  noted_call late;
  p->commit.answer(late, r->last_lsn);
  CHECK(late.error().find("make room") != std::string::npos);
  has_room = true;
  CHECK(!p->commit.commit());  // not before its pause is over
  p.clock.advance(stet::duration(1000));
  p->time.keeper.update_now(false);
  CHECK(p->commit.commit());
  CHECK(!p->commit.is_refused());
  CHECK(p->journal.durable_lsn() == p->journal.last_lsn());
  p->inbox.fail_all(nullptr);
}

TEST_CASE("what makes room goes along with the refused block, at once") {
  bool has_room = true;
  parts p(std::make_unique<small_store>(has_room));
  auto r = p.start("a");
  has_room = false;
  (void)p->commit.commit();
  REQUIRE(p->commit.is_refused());
  p->commit.something_was_erased();
  record n;
  n.kind = record_kind::written;
  noted_call erases;
  p->commit.answer(erases, p->recorder.append_own(n));
  CHECK(!erases.is_done());
  has_room = true;
  CHECK(p->commit.commit());
  CHECK(erases.is_done());
  CHECK(erases.error().empty());
}

TEST_CASE("a block that has grown large is written in the midst of a turn") {
  parts p(stet::memory::open(), {.tail_bytes_max = 4096});
  auto r = p.start("a");
  p->commit.commit_if_full();
  CHECK(!p->journal.durable_lsn());
  std::string large(2000, 'x');
  record e;
  e.kind = record_kind::signal;
  e.name = "s";
  e.payload = large;
  p->recorder.post_event(*r, e);
  p->commit.commit_if_full();
  CHECK(p->journal.durable_lsn() == r->last_lsn);
}

TEST_CASE("what goes with a block counts as a part of it: blobs, and the user's entries") {
  parts p(stet::memory::open(), {.tail_bytes_max = 4096});
  auto r = p.start("a");
  p->tables.stage({{"key", "v", std::string(2000, 'x')}}, p->journal.extra_writes());
  p->commit.commit_if_full();
  CHECK(p->journal.durable_lsn() == r->last_lsn);
  CHECK(p->journal.extra_writes().empty());
}

TEST_CASE("old blocks are dropped when the runs in them were written") {
  parts p(stet::memory::open(), {.tail_bytes_max = 4096});
  auto r = p.start("a");
  record e;
  e.kind = record_kind::signal;
  e.name = "s";
  std::string some(500, 'x');
  e.payload = some;
  for (int i = 0; i < 100; ++i) {
    p->recorder.post_event(*r, e);
    p->commit.make_durable();
    CHECK(p->journal.kept_bytes() < 4 * 4096u);
  }
  CHECK(p->runs.history.stored(*r).size() > 100 * some.size());
}
