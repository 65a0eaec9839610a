// Code that must not compile, each with the message that a user must see. run.sh compiles every
// CASE and looks for the text after EXPECT; `||` separates the texts of different compilers. A case
// without EXPECT is a control, and must compile.
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

#include <stet/stet.hpp>

using namespace std::chrono_literals;

struct plain {  // has no codec
  int a;
};
struct foreign {
  bool await_ready() { return true; }
  void await_suspend(std::coroutine_handle<>) {}
  int await_resume() { return 1; }
};
struct foreign_task {
  foreign operator co_await() { return {}; }
};
struct transfer {
  std::string from, to;
  std::int64_t cents;
};
template <> struct stet::codec<transfer> {
  static void encode(writer& out, const transfer& t) { out.text(t.from); }
  static transfer decode(reader& in) { return {std::string(in.text()), {}, 0}; }
};

inline constexpr stet::workflow<int(int)> W{"w"};
inline constexpr stet::workflow<void(std::string)> S{"s"};
inline constexpr stet::workflow<std::string(transfer)> MoveMoney{"move-money"};
inline constexpr stet::workflow<int(int, std::string)> Two{"two"};
inline constexpr stet::signal<int> Number{"number"};
inline constexpr stet::query<int(int)> Ask{"ask"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::promise<int> Promised{"promised"};

int twice(int);
int over(int);
int over(double);
void by_ref(int&);
std::string_view view();
int* pointer();
stet::task<int> helper(stet::context&, int);
stet::task<int> good(stet::context& ctx, int n) { co_return co_await helper(ctx, n); }

#define WF stet::task<int> f([[maybe_unused]] stet::context& ctx, [[maybe_unused]] int n)
#define DEFINE void d([[maybe_unused]] stet::engine& e, [[maybe_unused]] int k)

// ---- controls
#if CASE == 0
WF { co_return co_await ctx.step("x", twice, 1); }
#elif CASE == 70  // every kind of body
stet::task<int> overloaded(stet::context&, int a) { co_return a; }
stet::task<int> overloaded(stet::context&, std::string s) { co_return int(s.size()); }
struct stateful {
  int base;
  stet::task<int> operator()(stet::context& ctx, int n) const {
    co_return base + co_await ctx.step("one", twice, n);
  }
};
DEFINE {
  e.define(W, good);
  e.define(S, [](stet::context&, std::string) -> stet::task<> { co_return; });
  e.define(Two, [k](stet::context& ctx, int n, const std::string s) -> stet::task<int> {
    co_await ctx.sleep(1s);
    co_return n + k + int(s.size());
  });
  e.define(W, overloaded);
  e.define(W, stateful{41});
}
#elif CASE == 71  // arguments: braces and conversions
DEFINE {
  std::string result = e.start(MoveMoney, "transfer-42", transfer{"ann", "bob", 1000}).result();
  stet::run_handle<std::string> same = e.start(MoveMoney, "transfer-42", {"ann", "bob", 1000});
  e.start(Two, "t", 'a', "literal");
  static_assert(std::is_same_v<decltype(e.start(S, "s", "text").result()), void>);
}
#elif CASE == 72  // steps: functions, lambdas, options, views and literals as arguments
WF {
  std::string text = "x";
  co_await ctx.step("view", [](const std::string& s) { return s; }, std::string_view(text));
  co_await ctx.step(text, {.retry = {.max_attempts = 5}, .timeout = 30s}, [&] { return n; });
  co_await ctx.step(
      "context", [](stet::step_context& s, int m) { return m + int(s.attempt()); }, n);
  co_await ctx.step("none", [n] { (void)n; });
  auto outcome = co_await ctx.try_step("x", twice, n);
  co_return std::move(outcome).value_or(0);
}

// ---- awaiting
#elif CASE == 1   // EXPECT: can only await what Stet can replay
WF { co_return n + co_await foreign{}; }
#elif CASE == 2   // EXPECT: can only await what Stet can replay
stet::task<int> sub(stet::context&) { co_return co_await foreign_task{}; }
#elif CASE == 3   // EXPECT: can only await what Stet can replay
WF {
  co_await std::suspend_always{};
  co_return 1;
}
#elif CASE == 4   // EXPECT: awaited once: co_await std::move(it)
WF {
  auto t = helper(ctx, n);
  co_return co_await t;
}
#elif CASE == 5   // EXPECT: awaited once: pass std::move(it)
WF {
  auto t = helper(ctx, n);
  co_await stet::all(t, ctx.sleep(1s));
  co_return 1;
}
#elif CASE == 57  // EXPECT: expected something that Stet can await
WF {
  co_await stet::all(ctx.sleep(1s), 5);
  co_return n;
}
#elif CASE == 58  // EXPECT: expected something that Stet can await
WF {
  co_await stet::any(foreign{}, ctx.sleep(1s));
  co_return n;
}
#elif CASE == 60  // EXPECT: no member named 'await_ready' || no member named ‘await_ready’
struct other {
  struct promise_type {
    other get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() {}
  };
};
other f(stet::context& ctx) { co_await ctx.sleep(1s); }
#elif CASE == 61  // EXPECT: yield
WF {
  co_yield n;
  co_return 1;
}
#elif CASE == 50  // EXPECT: a task does nothing until it is awaited
WF {
  helper(ctx, n);
  co_return 1;
}
#elif CASE == 51  // EXPECT: an operation does nothing until it is awaited
WF {
  ctx.step("x", twice, n);
  co_return 1;
}
#elif CASE == 73  // EXPECT: an operation does nothing until it is awaited
WF {
  ctx.sleep(1s);
  co_return 1;
}

// ---- what a coroutine may refer to
#elif CASE == 6   // EXPECT: a lambda that captures and is a coroutine loses its captures
WF {
  auto t = [n]() -> stet::task<int> { co_return n; }();
  co_return co_await std::move(t);
}
#elif CASE == 7   // EXPECT: a lambda that captures and is a coroutine loses its captures
WF {
  std::vector<stet::task<int>> v;
  for (int i = 0; i < n; ++i) v.push_back([&]() -> stet::task<int> { co_return i; }());
  co_return 1;
}
#elif CASE == 62  // EXPECT: a lambda that captures and is a coroutine loses its captures
WF {
  co_return co_await stet::all([&]() -> stet::task<int> { co_return n; }), 1;
}
#elif CASE == 8   // EXPECT: may refer to a temporary
stet::task<int> sub(stet::context&, const std::string& s) { co_return int(s.size()); }
#elif CASE == 9   // EXPECT: must not be a view
stet::task<int> sub(stet::context&, std::string_view s) { co_return int(s.size()); }
#elif CASE == 10  // EXPECT: must not be a view
stet::task<int> sub(stet::context&, std::span<const int> s) { co_return int(s.size()); }
#elif CASE == 11  // EXPECT: may refer to a temporary
stet::task<int> sub(stet::context&, std::vector<int>&& s) { co_return int(s.size()); }
#elif CASE == 12  // EXPECT: a task returns a value
stet::task<int&> sub(stet::context&, int& s) { co_return s; }
#elif CASE == 64  // EXPECT: call to deleted constructor || use of deleted function
void d(stet::context& c) { auto copy = c; }

// ---- define
#elif CASE == 20  // EXPECT: parameters are values
stet::task<void> g(stet::context&, std::string& s) {
  s += "x";
  co_return;
}
DEFINE { e.define(S, g); }
#elif CASE == 65  // EXPECT: parameters are values
DEFINE {
  e.define(S, [k](stet::context&, std::string& s) -> stet::task<> {
    s += char(k);
    co_return;
  });
}
#elif CASE == 21  // EXPECT: promises other arguments than its body takes
DEFINE {
  e.define(W, [](stet::context&, std::string) -> stet::task<int> { co_return 1; });
}
#elif CASE == 22  // EXPECT: promises another result than its body returns
DEFINE {
  e.define(W, [](stet::context&, int) -> stet::task<std::string> { co_return ""; });
}
#elif CASE == 23  // EXPECT: first parameter is stet::context&
DEFINE {
  e.define(W, [](int) -> stet::task<int> { co_return 1; });
}
#elif CASE == 24  // EXPECT: is a coroutine that returns stet::task<R>
DEFINE {
  e.define(W, [](stet::context&, int n) { return n; });
}
#elif CASE == 25  // EXPECT: whose parameter types are spelled out
DEFINE {
  e.define(W, [k](stet::context&, auto n) -> stet::task<int> { co_return n + k; });
}
#elif CASE == 30  // EXPECT: this type can't be journaled
inline constexpr stet::workflow<int(plain)> X{"x"};
DEFINE {
  e.define(X, [](stet::context&, plain p) -> stet::task<int> { co_return p.a; });
}
#elif CASE == 74  // EXPECT: this type can't be journaled
struct refused : std::runtime_error {
  using runtime_error::runtime_error;
};
inline constexpr stet::error_type<refused> Refused{"refused"};
DEFINE { e.define(Refused); }

// ---- names
#elif CASE == 26  // EXPECT: the arguments of a name are values
inline constexpr stet::workflow<int(std::string_view)> X{"x"};
#elif CASE == 27  // EXPECT: the arguments of a name are values
inline constexpr stet::workflow<int(const std::string&)> X{"x"};
#elif CASE == 28  // EXPECT: the result of a name is a value
inline constexpr stet::workflow<const char*()> X{"x"};
#elif CASE == 29  // EXPECT: a Stet name must not be empty
inline constexpr stet::workflow<int()> X{""};
#elif CASE == 75  // EXPECT: a Stet name has no control characters
inline constexpr stet::workflow<int()> X{"a\nb"};
#elif CASE == 76  // EXPECT: a Stet name has at most 200 bytes
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
inline constexpr stet::workflow<int()> X{FIFTY FIFTY FIFTY FIFTY "x"};
#elif CASE == 77  // EXPECT: an error_type names a class derived from std::exception
inline constexpr stet::error_type<int> X{"x"};
#elif CASE == 78  // EXPECT: the arguments of a name are values
inline constexpr stet::workflow<void(std::span<int>)> X{"x"};
#elif CASE == 79  // EXPECT: the arguments of a name are values
inline constexpr stet::workflow<void(std::string, std::reference_wrapper<int>)> X{"x"};

// ---- run
#elif CASE == 31  // EXPECT: stet: these aren't the arguments of the workflow
DEFINE { e.start(W, "id", "text"); }
#elif CASE == 32  // EXPECT: stet: these aren't the arguments of the workflow
DEFINE { e.start(W, "id"); }

// ---- steps
#elif CASE == 40  // EXPECT: this argument of a step can't be journaled: it has no codec
WF {
  co_return co_await ctx.step("x", [](const plain& p) { return p.a; }, plain{n});
}
#elif CASE == 41  // EXPECT: pass values, not pointers, views or std::ref
WF {
  co_return co_await ctx.step("x", [](int* p) { return *p; }, &n);
}
#elif CASE == 80  // EXPECT: pass values, not pointers, views or std::ref
WF {
  co_return co_await ctx.step("x", [](int& p) { return p; }, std::ref(n));
}
#elif CASE == 42  // EXPECT: the step's body can't be called with these arguments
WF { co_return co_await ctx.step("x", twice, std::string("y")) + n; }
#elif CASE == 43  // EXPECT: the step's body can't be called with these arguments
WF {
  co_await ctx.step("x", by_ref, n);
  co_return 1;
}
#elif CASE == 44  // EXPECT: a step's body returns a value
WF {
  auto v = co_await ctx.step("x", view);
  (void)v;
  co_return n;
}
#elif CASE == 81  // EXPECT: a step's body returns a value
WF {
  auto v = co_await ctx.step("x", pointer);
  (void)v;
  co_return n;
}
#elif CASE == 45  // EXPECT: a step's body is an ordinary function
WF {
  co_return co_await ctx.step("x", [&] { return helper(ctx, n); });
}
#elif CASE == 46  // EXPECT: this type can't be journaled
WF {
  co_return (co_await ctx.step("x", [&] { return plain{n}; })).a;
}
#elif CASE == 59  // EXPECT: this type can't be journaled
WF {
  co_await ctx.step("x", [] { return std::unordered_map<int, int>(); });
  co_return n;
}
#elif CASE == 47  // EXPECT: couldn't infer template argument 'F' || couldn’t deduce
WF { co_return co_await ctx.step("x", over, n); }
#elif CASE == 48  // EXPECT: to 'step_options' || no matching function
WF { co_return co_await ctx.step("x", {.timeot = 5s}, twice, n); }
#elif CASE == 49  // EXPECT: no matching member function || no matching function
WF { co_return co_await ctx.step("x", twice, {.timeout = 5s}); }
#elif CASE == 56  // EXPECT: no viable conversion || to non-scalar type
WF {
  for (;;) { std::string s = co_await ctx.step("x", twice, n); }
}

// ---- steps that end later
#elif CASE == 130
void ask(stet::completion<int> done, const std::string& url);
WF {
  auto a = co_await ctx.step("x", ask, "url");
  auto b = co_await ctx.step("x", [&](stet::completion<int> done) { done.resolve(n); });
  co_await ctx.step("x", stet::owning([n](const stet::completion<>& done) { (void)(done, n); }));
  co_return a + b;
}
#elif CASE == 131  // EXPECT: that takes a stet::completion<R> returns nothing
WF {
  co_return co_await ctx.step("x", [](stet::completion<int>) { return 1; });
}
#elif CASE == 132  // EXPECT: can't be called with a stet::completion<R>, by value
WF {
  co_return co_await ctx.step("x", [](stet::completion<int>&) {});
}
#elif CASE == 133  // EXPECT: can't be called with a stet::completion<R>, by value
WF {
  co_return co_await ctx.step("x", [](stet::completion<int>, std::string) {}, n);
}
#elif CASE == 134  // EXPECT: a completion is of a value: what a pointer or view refers to
WF {
  co_await ctx.step("x", [](stet::completion<std::string_view>) {});
  co_return n;
}
#elif CASE == 135  // EXPECT: this type can't be journaled
WF {
  co_await ctx.step("x", [](stet::completion<plain>) {});
  co_return n;
}
#elif CASE == 136  // EXPECT: a stet::completion<R> may come first
WF {
  co_return co_await ctx.step("x", [](stet::step_context&, stet::completion<int>) {});
}

// ---- messages
#elif CASE == 90
WF {
  auto asking = ctx.on(Ask, [&](int i) { return n + i; });
  auto adding = ctx.on(Add, [&](int i) { return n += i; });
  auto waiting = ctx.promise(Promised);
  auto got =
      co_await stet::any(ctx.receive(Number), ctx.until([&] { return n > 3; }), waiting.wait());
  co_return static_cast<int>(got.index());
}
#elif CASE == 91   // EXPECT: values: no references, pointers or views || is a value: no reference
inline constexpr stet::signal<std::string_view> View{"view"};
#elif CASE == 92   // EXPECT: a query returns something
inline constexpr stet::query<void()> Silent{"silent"};
#elif CASE == 93   // EXPECT: it is an ordinary function, no
WF {
  auto asking = ctx.on(Ask, [](stet::context& c, int i) -> stet::task<int> {
    co_await c.sleep(1s);
    co_return i;
  });
  co_return n;
}
#elif CASE == 94   // EXPECT: returns what the query's name promises
WF {
  auto asking = ctx.on(Ask, [](int) { return std::string(); });
  co_return n;
}
#elif CASE == 95   // EXPECT: the handler of an update takes what the update's name takes
WF {
  auto adding = ctx.on(Add, [](std::string) { return 1; });
  co_return n;
}
#elif CASE == 96   // EXPECT: it refuses by throwing
WF {
  auto adding = ctx.on(Add, [](int i) { return i > 0; }, [](int i) { return i; });
  co_return n;
}
#elif CASE == 97   // EXPECT: nodiscard
WF {
  ctx.on(Ask, [](int i) { return i; });
  co_return n;
}
#elif CASE == 98   // EXPECT: loses its captures
WF {
  auto adding = ctx.on(Add, [&n](int i) -> stet::task<int> { co_return n + i; });
  co_return n;
}
#elif CASE == 99   // EXPECT: stet: a signal carries a value of its name's type
void d(const stet::run_handle<int>& h) { h.signal(Number, std::string("x")); }
#elif CASE == 100  // EXPECT: an operation does nothing until it is awaited
WF {
  ctx.signal("other", Number, 1);
  co_return n;
}
#elif CASE == 101  // EXPECT: what an undo refers to is gone by the time it runs
WF {
  co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<int> {
    co_await s.step("x", twice, 1).undo("y", [&] { return n; });
    co_return n;
  });
}
#elif CASE == 108  // EXPECT: what an undo refers to is gone by the time it runs
WF {
  co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<int> {
    s.undo_transact_in_any_case("x", [&](stet::transaction&) { ++n; });
    co_return n;
  });
}
#elif CASE == 161  // EXPECT: stet: say what undoes it
WF {
  co_return co_await ctx.saga(
      [&](stet::saga& s) -> stet::task<int> { co_return co_await s.step("x", twice, n); });
}
#elif CASE == 162  // every kind of undo
void forget(int);
void refund(stet::transaction&, int, long);
void give(stet::transaction&, std::string);
WF {
  co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<int> {
    int a = co_await s.step("a", twice, n).undo("undo a", forget);
    a += co_await s.step("b", {.timeout = 30s}, twice, n)
             .undo("undo b", {.at_most_once = true}, twice, a);
    co_await s.transact("c", [](stet::transaction&) {}).undo_transact("undo c", give, "ann");
    a += co_await s.act(ctx.child(W, "w", n)).undo_transact("undo w", refund, 1L);
    auto both = co_await stet::all(s.step("d", twice, n).undo("undo d", forget),
                                   s.act(helper(ctx, n)).undo("undo e", [] {}));
    s.undo_in_any_case("undo f", forget, 1);
    co_return a + std::get<0>(both);
  });
}
#elif CASE == 164  // EXPECT: a step's body must not change what it captures
WF {
  co_return co_await ctx.step("x", [n]() mutable { return ++n; });
}
#elif CASE == 165  // EXPECT: a step's body must not change what it captures
WF {
  co_await ctx.transact("x", [n](stet::transaction&) mutable { ++n; });
  co_return n;
}
#elif CASE == 166  // EXPECT: a step's body must not change what it captures
WF {
  co_return co_await ctx.step("x", [n](stet::completion<int> d) mutable { d.resolve(++n); });
}
#elif CASE == 167  // a body that owns what it changes
WF {
  co_await ctx.step("x", stet::owning([n]() mutable { ++n; }));
  co_await ctx.transact("x", stet::owning([n](stet::transaction&) mutable { ++n; }));
  co_return co_await ctx.step("x", [n]() { return n + 1; });
}
#elif CASE == 163  // EXPECT: is deprecated
void forget(int);
#if defined(__clang__) || defined(__GNUC__)
#pragma GCC diagnostic error "-Wdeprecated-declarations"
#endif
WF {
  co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<int> {
    auto a = co_await ctx.step("a", twice, n);
    s.undo("undo a", forget, a);
    co_return a;
  });
}
#elif CASE == 102  // EXPECT: no matching member function || no matching function
void d(stet::engine& e) { e.resolve(Promised, "token", std::vector<int>{}); }
#elif CASE == 103  // EXPECT: nothing is continued until it is awaited
WF {
  ctx.continue_as_new(W, n);
  co_return n;
}

// ---- transactions
#elif CASE == 104  // EXPECT: the function of a transaction takes a stet::transaction&
WF {
  co_return co_await ctx.transact("x", [](int i) { return i; });
}
#elif CASE == 105  // EXPECT: is an ordinary one, no coroutine
WF {
  co_return co_await ctx.transact("x", [](stet::transaction&) -> stet::task<int> { co_return 1; });
}
#elif CASE == 106  // EXPECT: the function of a transaction returns a value
WF {
  (void)co_await ctx.transact("x", [](stet::transaction&) { return "text"; });
  co_return n;
}
#elif CASE == 118  // EXPECT: constant expression
inline constexpr stet::table<std::string, int> Own{"stet:mine"};
#elif CASE == 107  // EXPECT: no references, pointers or views
inline constexpr stet::table<std::string_view, int> Views{"views"};

// ---- entities
#elif CASE == 110  // every kind of handler: a control
inline constexpr stet::entity<std::vector<int>> E{"e"};
DEFINE {
  e.define(E, stet::on(Add, [](std::vector<int>& s, int i) { return s.emplace_back(i); }),
           stet::on(Ask, [](const std::vector<int>& s, int i) { return s.at(i); }));
}
#elif CASE == 111  // EXPECT: an entity's handler of an update takes the state (S&)
inline constexpr stet::entity<int> E{"e"};
DEFINE {
  e.define(E, stet::on(Add, [](int i) { return i; }));
}
#elif CASE == 112  // EXPECT: an entity's handler of a query takes the state as const S&
inline constexpr stet::entity<int> E{"e"};
DEFINE {
  e.define(E, stet::on(Ask, [](int& s, int i) { return s += i; }));
}
#elif CASE == 113  // EXPECT: an entity's validator takes the state (const S&)
inline constexpr stet::entity<std::string> E{"e"};
DEFINE {
  e.define(E, stet::on(Add, [](int) {}, [](std::string&, int i) { return i; }));
}
#elif CASE == 114  // EXPECT: the state of an entity has a default value
struct numbered {
  explicit numbered(int n);
};
inline constexpr stet::entity<numbered> E{"e"};
#elif CASE == 115  // EXPECT: constant expression
inline constexpr stet::entity<int> E{"e/f"};
#elif CASE == 116  // EXPECT: an entity answers something
inline constexpr stet::entity<int> E{"e"};
DEFINE { e.define(E); }
#elif CASE == 117  // EXPECT: takes the state (S&) and what the update's name takes
inline constexpr stet::entity<int> E{"e"};
DEFINE {  // a coroutine without the context
  e.define(E, stet::on(Add, [](int& s, int i) -> stet::task<int> { co_return s += i; }));
}

// ---- versions
#elif CASE == 120  // EXPECT: put the new way after
WF {
  ctx.patched("x");
  co_return n;
}
#elif CASE == 121  // EXPECT: can only await what Stet can replay
WF {
  if (co_await ctx.patched("x")) co_return n;
  co_return 1;
}
#elif CASE == 122
void d(stet::engine& e) {
  e.define(W, {.version = "1"}, [](stet::context&, int n) -> stet::task<int> { co_return n; });
}
#elif CASE == 123  // EXPECT: another result than its body returns
void d(stet::engine& e) {
  e.define(W, {.version = "1"},
           [](stet::context&, int) -> stet::task<std::string> { co_return ""; });
}

// ---- codecs and outcomes
#elif CASE == 63   // EXPECT: memory_codec needs a trivially copyable type without padding
struct padded {
  char c;
  int i;
};
template <> struct stet::codec<padded> : stet::memory_codec<padded> {};
void d(std::string& s) { stet::encode(s, padded{}); }
#elif CASE == 82   // EXPECT: this type can't be journaled
void d(std::string_view bytes) { (void)stet::decode<std::vector<plain>>(bytes); }
#elif CASE == 83   // EXPECT: stet: this temporary is gone before a loop over its member begins
auto d(stet::outcome<std::string> o) { return std::move(o)->size(); }
#elif CASE == 84   // EXPECT: nodiscard
stet::outcome<int> give();
void d() { give(); }
#elif CASE == 160  // EXPECT: write f(…).value().member for f(…)->member
void d(stet::engine& e) {
  for (auto& w : e.admin().describe("x")->waits_for) (void)w;
}
#elif CASE == 168  // a control: the loops that are right
void d(stet::engine& e, const stet::run_info& known) {
  static constexpr stet::attribute<std::vector<std::string>> Tags{"tags"};
  for (auto& w : e.admin().describe("x").value().waits_for) (void)w;
  for (auto& tag : *known.attributes.get(Tags)) (void)tag;
  if (auto info = e.admin().describe("x"))
    for (auto& w : info->waits_for) (void)w;
}
#endif
