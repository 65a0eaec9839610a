// Exceptions that escape the code of a workflow: which of them end the run, and which stall it.
#include <memory>
#include <stdexcept>
#include <vector>

#include "tests/support/world.hpp"

using namespace stet_tests;

namespace {

inline constexpr stet::workflow<int(int)> Pick{"pick"};
inline constexpr stet::workflow<int(int)> Parent{"parent"};
inline constexpr stet::workflow<std::string()> Text{"text"};
inline constexpr stet::signal<int> Number{"number"};
inline constexpr stet::signal<std::string> Word{"number"};  // the same name, another type
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::update<int(std::string)> Put{"put"};
inline constexpr stet::update<int(int)> PutNumber{"put"};
inline constexpr stet::query<int()> Sum{"sum"};
inline constexpr stet::entity<int> Box{"box"};

struct sold_out : std::runtime_error {
  explicit sold_out(int n) : std::runtime_error("sold out"), left(n) {}
  int left;
};

}  // namespace

template <> struct stet::codec<sold_out> {
  static void encode(stet::writer& out, const sold_out& e) { out.integer(e.left); }
  static sold_out decode(stet::reader& in) { return sold_out(static_cast<int>(in.integer())); }
};

namespace {

inline constexpr stet::error_type<sold_out> SoldOut{"sold-out"};

/// Takes a step, waits an hour, and reads the n-th of three numbers, of four if it is mended.
world::definer build(world& w, bool is_mended, stet::workflow_options o = {}) {
  return [&w, is_mended, o](stet::engine& e) {
    e.define(Pick, o, [&w, is_mended](stet::context& ctx, int n) -> stet::task<int> {
      std::vector<int> numbers(is_mended ? 4 : 3, 7);
      auto add = ctx.on(Add, [&](int more) { return numbers.at(static_cast<std::size_t>(more)); });
      co_await ctx.step("first", [&w] { w.done.hit("first"); });
      co_await ctx.sleep(1h);
      const int found = numbers.at(static_cast<std::size_t>(n));
      co_await ctx.step("last", [&w] { w.done.hit("last"); });
      co_return found;
    });
    e.define(Parent, [](stet::context& ctx, int n) -> stet::task<int> {
      co_return 1 + co_await ctx.child(Pick, std::string(ctx.id()) + "/c", n);
    });
  };
}

std::string reason_of(world& w, std::string_view id) {
  return w.engine().admin().describe(id).value().reason;
}
stet::status status_of(world& w, std::string_view id) {
  return w.engine().admin().describe(id).value().status;
}

}  // namespace

TEST_CASE("an exception that isn't declared stalls its run, and a mended build goes on") {
  everywhere_by_hand([](world& w) {
    w.open(build(w, false));
    auto run = w.engine().start(Pick, "r", 3);
    w.settle();
    w.pass(2h);
    REQUIRE(run.status() == stet::status::stalled);
    auto what = what_throws([&] { run.result(); });
    CHECK(what.code == stet::errc::run_stalled);
    CHECK_MESSAGE(what.says("its code threw std::out_of_range"), what.text);
    CHECK_MESSAGE(what.says("isn't declared"), what.text);
    CHECK(w.heard.heard("run 'r' of workflow 'pick' is stalled"));
    w.restart();  // and again
    w.settle();
    CHECK(status_of(w, "r") == stet::status::stalled);
    w.crash();
    w.open(build(w, true));
    CHECK(w.run(Pick, "r", 0) == 7);
    CHECK(w.done.of("first") == 1);
    CHECK(w.done.of("last") == 1);
  });
}

TEST_CASE("a bug before the first await stalls the run too, and the start is kept") {
  everywhere_by_hand([](world& w) {
    auto define = [](bool is_mended) {
      return [is_mended](stet::engine& e) {
        e.define(Text, [is_mended](stet::context&) -> stet::task<std::string> {
          std::string text(is_mended ? "5" : "five");
          co_return std::to_string(std::stoi(text));
        });
      };
    };
    w.open(define(false));
    auto run = w.engine().start(Text, "t");
    w.settle();
    CHECK(run.status() == stet::status::stalled);
    w.crash();
    w.open(define(true));
    CHECK(w.run(Text, "t") == "5");
  });
}

TEST_CASE("an accident fails the run if the engine's option says so, or the definition's") {
  everywhere_by_hand([](world& w) {
    w.options.accident = stet::accident::fail;
    w.open(build(w, false));
    auto run = w.engine().start(Pick, "by the engine", 3);
    w.settle();
    w.pass(2h);
    auto what = what_throws([&] { run.result(); });
    CHECK(what.code == stet::errc::run_failed);
    CHECK(what.says("std::out_of_range"));
    w.close();
    w.open(build(w, false, {.accident = stet::accident::stall}));
    w.engine().start(Pick, "by the definition", 3);
    w.settle();
    w.pass(2h);
    CHECK(status_of(w, "by the definition") == stet::status::stalled);
    w.close();
    w.options.accident = stet::accident::stall;
    w.open(build(w, false, {.accident = stet::accident::fail}));  // decided anew
    w.settle();
    CHECK(status_of(w, "by the definition") == stet::status::failed);
    CHECK(status_of(w, "by the engine") == stet::status::failed);
  });
}

TEST_CASE("a failure that is recorded stays, whatever the option says later") {
  everywhere_by_hand([](world& w) {
    auto define = [&w](stet::accident a) {
      return [&w, a](stet::engine& e) {
        e.define(Pick, {.accident = a}, [](stet::context&, int) -> stet::task<int> {
          throw std::logic_error("as always");
          co_return 0;
        });
        e.define(Text, {.accident = a}, [&w](stet::context& ctx) -> stet::task<std::string> {
          auto got = co_await stet::attempt(ctx.saga([&](stet::saga& s) -> stet::task<int> {
            co_await s.step("done", [] {}).undo("undo", [] {});
            co_return co_await ctx.child(Pick, "c", 1);
          }));
          co_await ctx.sleep(1h);
          co_await ctx.step("last", [&w] { w.done.hit("last"); });
          co_return got ? "value" : got.failed_as<stet::child_failed>()->message();
        });
      };
    };
    w.open(define(stet::accident::fail));
    w.engine().start(Text, "t");
    w.settle();
    REQUIRE(status_of(w, "c") == stet::status::failed);
    w.crash();
    w.open(define(stet::accident::stall));
    CHECK(w.run(Text, "t").find("as always") != std::string::npos);
    CHECK(status_of(w, "c") == stet::status::failed);
    CHECK(w.done.of("last") == 1);
  });
}

TEST_CASE("what a workflow reads and can't decode stalls it, even if accidents fail") {
  everywhere_by_hand([](world& w) {
    w.options.accident = stet::accident::fail;
    auto define = [&](bool as_word) {
      return [as_word](stet::engine& e) {
        e.define(Text, [as_word](stet::context& ctx) -> stet::task<std::string> {
          if (as_word) co_return co_await ctx.receive(Word);
          co_return std::to_string(co_await ctx.receive(Number));
        });
      };
    };
    w.open(define(false));
    auto run = w.engine().start(Text, "t");
    w.settle();
    run.signal(Word, "seven");
    w.settle();
    CHECK(run.status() == stet::status::stalled);
    CHECK_MESSAGE(reason_of(w, "t").find("what came for the signal 'number' doesn't decode") !=
                      std::string::npos,
                  reason_of(w, "t"));
    w.crash();
    w.open(define(true));
    CHECK(w.run(Text, "t") == "seven");
  });
}

TEST_CASE("a step's failure, an error of Stet's own and a declared exception still fail the run") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(SoldOut);
      e.define(Pick, [](stet::context& ctx, int n) -> stet::task<int> {
        if (n == 0)
          co_await ctx.step("fails", {.retry = {.max_attempts = 1}},
                            [] { throw std::logic_error("no"); });
        if (n == 1) throw sold_out(3);
        if (n == 2) throw stet::permanent_error("never");
        if (n == 3) throw stet::error(stet::errc::not_found, "pick", "nothing is left");
        co_return co_await ctx.child(Pick, "c", 2);
      });
    });
    for (int n = 0; n < 5; ++n) {
      CAPTURE(n);
      auto run = w.engine().start(Pick, "r" + std::to_string(n), n);
      w.settle();
      CHECK(run.status() == stet::status::failed);
      if (n == 1) CHECK_THROWS_AS(run.result(), sold_out);
    }
  });
}

TEST_CASE("a child that is stalled by a bug holds its parent up, and fails it only if it fails") {
  everywhere_by_hand([](world& w) {
    w.open(build(w, false));
    w.engine().start(Parent, "p", 3);
    w.settle();
    w.pass(2h);
    CHECK(status_of(w, "p/c") == stet::status::stalled);
    CHECK(status_of(w, "p") == stet::status::running);
    w.crash();
    w.open(build(w, true));
    CHECK(w.run(Parent, "p", 0) == 8);
  });
}

TEST_CASE("what an update's handler throws is its caller's: it holds up neither run nor entity") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      build(w, false)(e);
      e.define(Box,
               stet::on(Add,
                        [](int& n, int more) {
                          if (more < 0) throw std::out_of_range("below nothing");
                          return n += more;
                        }),
               stet::on(Sum, [](const int& n) { return n; }));
    });
    auto run = w.engine().start(Pick, "r", 2);
    w.settle();
    auto what = what_throws([&] { run.update(Add, 9); });
    CHECK(what.code == stet::errc::update_failed);
    CHECK(what.says("std::out_of_range"));
    CHECK(run.update(Add, 1) == 7);
    CHECK(what_throws([&] { w.engine().call(Box, "b", Add, -1); }).code ==
          stet::errc::update_failed);
    CHECK(w.engine().call(Box, "b", Add, 5) == 5);
    CHECK(w.result(run) == 7);
  });
}

TEST_CASE(
    "what an update's handler decodes itself is its caller's: it holds up neither run nor entity") {
  everywhere_by_hand([](world& w) {
    w.open([](stet::engine& e) {
      e.define(Box, stet::on(Put, [](int& n, const std::string& bytes) {
                 return n += stet::decode<int>(bytes);
               }));
      e.define(Text, [](stet::context& ctx) -> stet::task<std::string> {
        auto put = ctx.on(Put, [](stet::context& c, std::string bytes) -> stet::task<int> {
          co_return co_await c.saga([&](stet::saga& s) -> stet::task<int> {
            co_await s.step("a", [] {}).undo("b", [] {});
            co_return stet::decode<int>(bytes);
          });
        });
        co_await ctx.sleep(1h);
        co_return "done";
      });
    });
    auto run = w.engine().start(Text, "t");
    w.settle();
    for (auto* bad : {"", "garbage"}) {
      CHECK(what_throws([&] { w.engine().call(Box, "b", Put, bad); }).code ==
            stet::errc::update_failed);
      auto sent = run.start_update(Put, bad);
      w.settle();
      CHECK(what_throws([&] { (void)sent.result(); }).code == stet::errc::update_failed);
    }
    CHECK(w.engine().call(Box, "b", Put, "\x05") == 5);
    w.restart();
    CHECK(w.engine().call(Box, "b", Put, "\x05") == 10);
    CHECK(w.run(Text, "t") == "done");
  });
}

TEST_CASE("arguments of an accepted update that don't decode any more stall the run") {
  everywhere_by_hand([](world& w) {
    auto define = [](bool as_word) {
      return [as_word](stet::engine& e) {
        auto add = stet::on(Add, [](stet::context& c, int& n, int more) -> stet::task<int> {
          co_await c.sleep(1h);
          co_return n += more;
        });
        auto put = [](int& n, const std::string& more) {
          return n += static_cast<int>(more.size());
        };
        if (as_word) e.define(Box, add, stet::on(Put, put));
        else e.define(Box, add, stet::on(PutNumber, [](int& n, int more) { return n += more; }));
      };
    };
    w.open(define(true));
    auto box = w.engine().start(Box.as_workflow(), "box/b", 0);
    w.settle();
    (void)box.start_update(Add, {.id = "first"}, 1);
    (void)box.start_update(Put, {.id = "second"}, "seven");  // waits for the first
    w.settle();
    w.crash();
    w.open(define(false));
    w.finish();
    CHECK(status_of(w, "box/b") == stet::status::stalled);
    CHECK_MESSAGE(reason_of(w, "box/b").find("don't decode") != std::string::npos,
                  reason_of(w, "box/b"));
    w.crash();
    w.open(define(true));
    w.finish();
    CHECK(w.engine().update("box/b", Put, {.id = "second"}, "seven") == 6);
  });
}

TEST_CASE(
    "an update's handler that can't read what came stalls the run, and a mended build answers") {
  everywhere_by_hand([](world& w) {
    auto define = [](bool as_word) {
      return [as_word](stet::engine& e) {
        e.define(Text, [as_word](stet::context& ctx) -> stet::task<std::string> {
          auto add = ctx.on(Add, [as_word](stet::context& c, int n) -> stet::task<int> {
            if (as_word) co_return n + static_cast<int>((co_await c.receive(Word)).size());
            co_return n + co_await c.receive(Number);
          });
          co_await ctx.sleep(1h);
          co_return "done";
        });
      };
    };
    w.open(define(false));
    auto run = w.engine().start(Text, "t");
    w.settle();
    (void)run.start_update(Add, {.id = "u"}, 1);
    run.signal(Word, "seven");
    w.settle();
    CHECK(run.status() == stet::status::stalled);
    CHECK_MESSAGE(reason_of(w, "t").find("the handler of the update 'u'") != std::string::npos,
                  reason_of(w, "t"));
    w.crash();
    w.open(define(true));
    CHECK(w.engine().update("t", Add, {.id = "u"}, 1) == 6);
    CHECK(w.run(Text, "t") == "done");
  });
}

TEST_CASE("a saga undoes what it did before a bug stalls its run") {
  everywhere_by_hand([](world& w) {
    w.open([&](stet::engine& e) {
      e.define(Text, [&](stet::context& ctx) -> stet::task<std::string> {
        co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
          co_await s.step("book", [&] { w.done.hit("book"); }).undo("give back", stet::owning([&w] {
                                                                      w.done.hit("give back");
                                                                    }));
          co_return std::string("short").substr(10);
        });
      });
    });
    w.engine().start(Text, "t");
    w.finish();
    CHECK(status_of(w, "t") == stet::status::stalled);
    CHECK(w.done.of("give back") == 1);
    w.restart();
    w.finish();
    CHECK(status_of(w, "t") == stet::status::stalled);
    CHECK(w.done.of("book") == 1);
    CHECK(w.done.of("give back") == 1);
  });
}

TEST_CASE("a saga undoes nothing because of what it can't decode, and a mended build goes on") {
  everywhere_by_hand([](world& w) {
    auto define = [&](bool as_word) {
      return [&w, as_word](stet::engine& e) {
        e.define(Text, [&w, as_word](stet::context& ctx) -> stet::task<std::string> {
          co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
            co_await s.step("book", [&] { w.done.hit("book"); })
                .undo("give back", stet::owning([&w] { w.done.hit("give back"); }));
            if (as_word) co_return co_await ctx.receive(Word);
            co_return std::to_string(co_await ctx.receive(Number));
          });
        });
      };
    };
    w.open(define(false));
    auto run = w.engine().start(Text, "t");
    w.settle();
    run.signal(Word, "seven");
    w.finish();
    CHECK(run.status() == stet::status::stalled);
    CHECK_MESSAGE(reason_of(w, "t").find("its saga undoes nothing") != std::string::npos,
                  reason_of(w, "t"));
    w.crash();
    w.open(define(true));
    CHECK(w.run(Text, "t") == "seven");
    CHECK(w.done.of("book") == 1);
    CHECK(w.done.of("give back") == 0);
  });
}

TEST_CASE("a saga that has begun its undos because of what it can't decode goes on with them") {
  everywhere_by_hand([](world& w) {
    auto define = [&](bool catches) {  // if it does, its history is that of an older Stet
      return [&w, catches](stet::engine& e) {
        e.define(Text, [&w, catches](stet::context& ctx) -> stet::task<std::string> {
          co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
            co_await s.step("book", [&] { w.done.hit("book"); })
                .undo("give back", {.retry = {.initial_interval = 1h}}, stet::owning([&w] {
                        w.done.hit("give back");
                        if (w.done.of("give back") < 2) throw std::runtime_error("not yet");
                      }));
            try {
              co_return std::to_string(co_await ctx.receive(Number));
            } catch (const stet::error&) {
              if (!catches) throw;
            }
            throw stet::permanent_error("no number");
          });
        });
      };
    };
    w.open(define(true));
    w.engine().start(Text, "t").signal(Word, "seven");
    w.settle();
    CHECK(w.done.of("give back") == 1);
    w.crash();
    w.open(define(false));
    CHECK(status_of(w, "t") == stet::status::running);
    w.finish();
    CHECK(w.done.of("book") == 1);
    CHECK(w.done.of("give back") == 2);
    CHECK(status_of(w, "t") == stet::status::stalled);
    w.crash();
    w.open(define(true));
    w.finish();
    CHECK(status_of(w, "t") == stet::status::failed);
  });
}

TEST_CASE("a stalled run is reported with the kind of its reason") {
  struct ear final : stet::listener {
    void event(const stet::engine_event& e) override {
      if (e.kind != stet::event_kind::run_stalled) return;
      kinds.push_back(e.stall.value_or(stet::stall_kind::no_memory));
      run = std::string(e.workflow) + " " + std::string(e.workflow_id);
    }
    std::vector<stet::stall_kind> kinds;
    std::string run;
  } heard;
  world w;
  w.options.listener = &heard;
  w.open(build(w, false));
  w.engine().start(Pick, "r", 3);
  w.settle();
  w.pass(2h);
  CHECK(heard.kinds == std::vector{stet::stall_kind::accident});
  CHECK(heard.run == "pick r");
  w.close();
  w.open([](stet::engine& e) {
    e.define(Text, [](stet::context&) -> stet::task<std::string> { co_return ""; });
  });
  w.settle();
  REQUIRE(heard.kinds.size() == 2);
  CHECK(heard.kinds[1] == stet::stall_kind::not_defined);
  w.close();
  w.open([](stet::engine& e) {
    e.define(Pick, [](stet::context& ctx, int n) -> stet::task<int> {
      co_await ctx.step("another", [] {});
      co_return n;
    });
  });
  w.settle();
  REQUIRE(heard.kinds.size() == 3);
  CHECK(heard.kinds[2] == stet::stall_kind::code_differs);
}
