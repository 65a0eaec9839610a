// Blobs: bytes that steps keep beside their run's history.
#include "engine/calls/blob_store.hpp"

#include "one_step.hpp"

using namespace stet_tests;

namespace {

/// Stages the bytes that an attempt has kept, as if its result were recorded.
struct fixture {
  stet::blob keep(std::string_view bytes) {
    auto kept = s.a.keep(bytes);
    auto entries = std::exchange(s.a.outcome.writes().entries, {});
    s.p->tables.stage(s.p->tables.seal(std::move(entries)), s.p->journal.extra_writes());
    return kept;
  }
  std::string read(const stet::blob& b, std::uint64_t offset = 0,
                   std::uint64_t length = UINT64_MAX) {
    return blob_bytes(s.p->tables, "default", b, offset, length);
  }
  one_step s{[] {}};
};

}  // namespace

TEST_CASE("what is kept is read whole, or a part of it, over the borders of its pieces") {
  fixture f;
  std::string bytes(2'500'000, 'x');
  bytes[1'048'575] = 'a';
  bytes[1'048'576] = 'b';
  auto b = f.keep(bytes);
  CHECK(b.size() == bytes.size());
  CHECK(f.read(b) == bytes);
  CHECK(f.read(b, 1'048'575, 2) == "ab");
  CHECK(f.read(b, 2'499'999, 100) == "x");
  CHECK(f.read(b, 2'500'000).empty());
  CHECK_THROWS_WITH_AS((void)f.read(b, 2'500'001), doctest::Contains("2500000 bytes"), stet::error);
}

TEST_CASE("blobs of one attempt are told apart, and an empty one needs no place") {
  fixture f;
  auto none = f.keep(""), one = f.keep("one"), two = f.keep("two");
  CHECK(none.size() == 0);
  CHECK(f.read(none).empty());
  CHECK(f.read(one) == "one");
  CHECK(f.read(two) == "two");
  CHECK(f.s.a.outcome.writes().kept_count == 2);
}

TEST_CASE("a step keeps only so many bytes, in all") {
  fixture f;
  f.s.a.outcome.writes().kept_bytes = stet::blob_bytes_max - 3;
  (void)f.s.a.keep("abc");
  CHECK_THROWS_AS((void)f.s.a.keep("d"), stet::permanent_error);
}

TEST_CASE("what a run has kept goes with it, and nothing of another run") {
  fixture f;
  auto mine = f.keep("mine");
  f.s.a.order.run = run_number(256);  // its keys begin with the same bytes
  auto other = f.keep("other");
  erase_blobs(f.s.p->tables, f.s.p->journal.extra_writes(), "default", run_number(1));
  while (f.s.p->commit.commit()) {}
  CHECK_THROWS_WITH_AS((void)f.read(mine), doctest::Contains("doesn't exist"), stet::error);
  CHECK(f.read(other) == "other");
  CHECK_THROWS_AS((void)blob_bytes(f.s.p->tables, "x", other, 0, 1), stet::error);
}
