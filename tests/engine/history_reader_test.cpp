// The whole history of a run, from all places that have parts of it.
#include "engine/runs/history_reader.hpp"

#include "parts.hpp"

using namespace stet_tests;

namespace {

std::vector<std::string> names(parts& p, resident& r) {
  std::vector<std::string> all;
  p->runs.history.for_each(r, [&](const record& rec) { all.emplace_back(rec.name); });
  return all;
}
void signal(parts& p, resident& r, std::string_view name) {
  p->recorder.post_event(r, event_named(record_kind::signal, name));
}

}  // namespace

TEST_CASE("a history is what is stored, what rides in a block, and what is unsaved, in its order") {
  parts p;
  auto r = p.start("a");
  CHECK(names(p, *r) == std::vector<std::string>{"sleeper"});
  p->commit.checkpointer.slice(*r);
  CHECK(r->riding);
  signal(p, *r, "one");
  CHECK(names(p, *r) == std::vector<std::string>{"sleeper", "one"});
  p->commit.checkpointer.slice(*r);  // rides after the first
  CHECK(names(p, *r) == std::vector<std::string>{"sleeper", "one"});
  (void)p->commit.commit();
  CHECK(!r->riding);
  signal(p, *r, "two");
  CHECK(names(p, *r) == std::vector<std::string>{"sleeper", "one", "two"});
}

TEST_CASE("a history that is damaged is that of its run") {
  parts p;
  auto run = p.start("a")->state.run;
  p.put_away(run);
  auto r = p->runs.table.load(run);
  p.write(keys::history(run, 0), "nonsense");
  CHECK_THROWS_WITH_AS((void)names(p, *r), doctest::Contains("'a' can't be read"), stet::error);
  CHECK_THROWS_WITH_AS((void)p->runs.history.opened(*r), doctest::Contains("'a' can't be read"),
                       stet::error);
}

TEST_CASE("a history is opened for a replay, and stays sealed for whoever copies it") {
  auto key = std::make_shared<fragile_transform>();
  parts p(stet::memory::open(), {.transforms = {key}});
  auto r = p.start("a");
  auto opened = p->runs.history.opened(*r);
  CHECK(opened != p->runs.history.stored(*r));
  source in(opened);
  CHECK(decode_record(in).payload == bytes_of(std::tuple<>{}));
  key->broken = true;
  CHECK_THROWS_AS((void)p->runs.history.opened(*r), stet::error);
  CHECK(!p->runs.history.stored(*r).empty());
}
