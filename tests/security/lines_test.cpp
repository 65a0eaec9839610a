// Texts that others choose (ids, names, reasons, texts, paths) can't forge a line that a person
// reads.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include <stet/check.hpp>
#include <stet/copy.hpp>
#include <stet/entity.hpp>
#include <stet/open.hpp>
#include <stet/testing.hpp>

#include "base/shown.hpp"
#include "tests/support/stores.hpp"
#include "tests/support/world.hpp"

using namespace stet_tests;
using namespace std::string_literals;

namespace {

/// A line's end, an escape sequence (in one byte and in two), a NUL, bytes that aren't UTF-8, a
/// character that changes the direction of writing, and quotes.
const std::string evil = "x\nstet: all is well\x1b[2J\x00\xc2\x9b\xff\xe2\x80\xae\r' y"s;

inline constexpr stet::workflow<int(int)> Work{"work"};
inline constexpr stet::workflow<int(int)> Other{"other"};
inline constexpr stet::signal<int> Go{"go"};
inline constexpr stet::query<int()> State{"state"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::promise<int> Answer{"answer"};
inline constexpr stet::entity<int> Counter{"counter"};

bool is_one_line(std::string_view text) {
  auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }) &&
         !has("\xff") && !has("\xc2\x9b") && !has("\xe2\x80\xae");
}

/// Every text that a person may read.
class said {
 public:
  void add(const std::string& text) {
    CAPTURE(text);
    CHECK(is_one_line(text));
    CHECK(text.size() < 200'000);
    ++lines_;
  }
  /// Takes the exception of `f`, which must repeat a part of `evil`.
  template <class F> void note(const char* what, F f) {
    CAPTURE(what);
    auto c = what_throws(f);
    REQUIRE(c.thrown);
    CHECK_MESSAGE(c.says("all is well"), c.text);
    CHECK_MESSAGE(std::strlen(c.text.c_str()) == c.text.size(), c.text);
    add(c.text);
  }
  void note_listener(world& w) {
    CHECK(!w.heard.problems().empty());
    for (auto& p : w.heard.problems()) add(p);
  }
  int lines() const { return lines_; }

 private:
  int lines_ = 0;
};

struct boom : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Does one of these by its argument: waits; fails in a step, in its own code, in a child; gives
/// up.
stet::task<int> work(stet::context& ctx, int how) {
  auto adding = ctx.on(Add, [](int) { throw boom(evil); }, [](int n) { return n; });
  switch (how) {
    case 1:
      co_return co_await ctx.step(evil, {.retry = {.max_attempts = 1}},
                                  []() -> int { throw boom(evil); });
    case 2: throw boom(evil);
    case 3: co_return co_await ctx.child(Work, evil + "/child", 2);
    case 4: co_return co_await ctx.child(Work, evil, 0);  // that id is taken
    case 5: co_await ctx.signal(evil + "/nobody", Go, 1); break;
    case 6: co_await ctx.update(evil + "/nobody", Add, 1); break;
    case 7: (void)ctx.step(evil, {.timeout = -1s}, [] {}); break;
    case 8: (void)ctx.patched(evil + std::string(300, 'x')); break;
    case 9: co_await ctx.step(evil, stet::step_options{}, [](const std::string&) {}, evil); break;
    case 10: throw stet::permanent_error(evil);
    default: break;
  }
  co_return co_await ctx.receive(Go);
}

void define(stet::engine& e) {
  e.define(Work, {.accident = stet::accident::fail}, work);
  e.define(Counter, stet::on(Add, [](int& c, int n) { return c += n; }));
}

}  // namespace

TEST_CASE("a text on one line: what a terminal obeys is escaped, what people write stays") {
  using stet::one_line;
  CHECK(one_line("plain") == "plain");
  CHECK(one_line("größer – 漢字 😀, it's a \\ path") == "größer – 漢字 😀, it's a \\ path");
  CHECK(one_line("a\nb\rc\td") == "a\\nb\\rc\\td");
  CHECK(one_line("\x1b[2J\x00\x7f"s) == "\\x1b[2J\\x00\\x7f");
  CHECK(one_line("\xc2\x9b\xff\xed\xa0\x80") == "\\xc2\\x9b\\xff\\xed\\xa0\\x80");
  CHECK(one_line("\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6") ==
        "\\xe2\\x80\\xae\\xe2\\x80\\xa8\\xe2\\x81\\xa6");
  CHECK(one_line("cut \xe2\x80") == "cut \\xe2\\x80");
  CHECK(one_line(one_line(evil)) == one_line(evil));
  auto huge = one_line(std::string(8'000'000, 'x'));
  CHECK(huge.size() < 200'000);
  CHECK(huge.find("8000000 bytes") != huge.npos);
  CHECK(stet::detail::shown("a'b\\c\nd") == "'a\\'b\\\\c\\nd'");
  CHECK(stet::detail::shown(std::string(1000, 'x')).size() < 210);
}

TEST_CASE("no id, name, reason or text of others forges a line of what() or of a listener") {
  everywhere_by_hand([](world& w) {
    said all;
    w.open(define);
    auto& e = w.engine();
    auto open = e.start(Work, evil, 0);
    w.settle();
    all.note("another workflow's id", [&] { (void)e.find(Other, evil); });
    all.note("signal to nobody", [&] { e.signal(evil + "/no", Go, 1); });
    all.note("cancel of nobody", [&] { e.cancel(evil + "/no", evil); });
    all.note("no query", [&] { (void)open.query(State); });
    all.note("a validator", [&] { (void)open.update(Add, 1); });
    all.note("an update's id", [&] { (void)open.update(Add, {.id = "stet:" + evil}, 1); });
    all.note("a token", [&] { e.resolve(Answer, evil, 1); });
    all.note("a cursor", [&] { (void)e.admin().list("", {.cursor = evil}); });
    all.note("a filter", [&] { (void)e.admin().list("Name" + evil + " = 1"); });
    all.note("a filter's value", [&] { (void)e.admin().list("StartTime = '" + evil + "'"); });
    all.note("erase of an open run", [&] { e.admin().erase(evil); });
    auto tenant = evil.substr(0, evil.find('\0')) + "\xff";  // a namespace may not contain a NUL
    all.note("a run in a namespace", [&] { w.result(e.in(tenant).start(Work, evil, 1)); });
    all.note("a version", [&] { open.move_to(evil); });
    for (int how : {1, 2, 3, 4, 5, 6, 7, 8, 10}) {
      CAPTURE(how);
      all.note("a run that fails", [&] { w.run(Work, evil + std::to_string(how), how); });
    }
    open.cancel(evil);
    all.note("a cancelled run", [&] { w.result(open); });
    all.note("an ended run", [&] { open.signal(Go, 1); });
    auto more = e.start(Work, evil + "/terminated", 0);
    more.terminate(evil);
    all.note("a terminated run", [&] { more.result(); });
    auto stalled = e.start(Work, evil + "/stalled", 9);
    auto exported = stet::export_history(e, evil + "/stalled");
    w.close();
    w.open([](stet::engine& next) {
      next.define(Work, [](stet::context& ctx, int) -> stet::task<int> {
        co_await ctx.step("other" + evil, [] {});
        co_return 1;
      });
    });
    w.engine().signal(evil + "/stalled", Go, 1);
    w.settle();
    all.note("a stalled run", [&] { w.engine().find(Work, evil + "/stalled")->result(); });
    all.add(w.engine().admin().describe(evil + "/stalled").value().reason);
    all.note_listener(w);
    auto report = stet::testing::replay([](stet::engine&) {}, {exported});
    REQUIRE(report.stalled.size() == 1);
    auto line = report.text();
    REQUIRE(line.ends_with('\n'));
    line.pop_back();
    all.add(line);
    CHECK(all.lines() > 25);
  });
}

TEST_CASE("no path, name or id forges a line of a store's errors or of the tools") {
  said all;
  temporary_directory dir;
  auto path = dir / ("no\nsuch\x1b[2J\xff directory' all is well/s"s);
  for (auto& kind : kinds_in_files()) {
    CAPTURE(kind.scheme);
    all.note("a path", [&] {
      auto s = kind.open(path);
      s->get("x");
    });
  }
  all.note("a scheme", [&] { (void)stet::open(evil + ":x"); });

  world w(cell{.lmdb = true});
  w.open(define);
  (void)w.engine().start(Work, evil, 0);
  w.settle();
  w.close();
  auto s = w.store();
  stet::batch b;
  std::string first(1, '\0');
  first += 't';
  b.erase_range(first, std::string(1, '\0') + 'u');
  b.erase_range(std::string(1, '\0') + 'n', std::string(1, '\0') + 'o');
  b.put("m format", "1" + evil);
  b.put(evil, evil);
  s->commit(b, stet::durability::sync);
  auto report = stet::check(*s);
  CHECK(report.problem_count > 2);
  bool named = false;
  for (auto& p : report.problems) {
    all.add(p);
    named |= p.find("all is well") != p.npos;
  }
  CHECK(named);
  all.note("a format", [&] {
    stet::engine e(std::move(s), {.threads = 0, .listener = &w.heard});
    e.start();
  });
}

TEST_CASE("the listener that writes to standard error writes one line, and a NUL doesn't cut it") {
  temporary_directory dir;
  auto file = dir / "stderr";
  std::fflush(stderr);
  int before = ::dup(2);
  auto* out = std::fopen(file.c_str(), "wb");
  REQUIRE(out);
  ::dup2(::fileno(out), 2);
  stet::listener().problem(evil + "the end");
  ::dup2(before, 2);
  ::close(before);
  std::fclose(out);
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  REQUIRE(text.ends_with('\n'));
  text.pop_back();
  CHECK(is_one_line(text));
  CHECK(text.starts_with("stet: x\\nstet: all is well\\x1b[2J\\x00"));
  CHECK(text.ends_with("the end"));
}
