// The code that people wrote first who came from Temporal, DBOS, Restate or plain C++. Each case
// works (one without EXPECT must compile) or meets a text that says what to write. run.sh compiles
// every CASE, as those of cases.cpp.
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <stet/stet.hpp>

using namespace std::chrono_literals;

struct order {  // has no codec
  int cents;
};
struct shop {
  int charge(int cents) const;
  stet::task<int> pay(stet::context&, int cents);
};

inline constexpr stet::workflow<int(int)> Pay{"pay"};
inline constexpr stet::workflow<std::string()> Name{"name"};
inline constexpr stet::signal<bool> Approved{"approved"};
inline constexpr stet::query<int()> Paid{"paid"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::promise<int> Approval{"approval"};
inline constexpr stet::entity<std::vector<std::string>> Cart{"cart"};
inline constexpr stet::attribute<std::string> Customer{"customer"};
inline constexpr stet::attribute<std::int64_t> Cents{"cents"};
inline constexpr stet::attribute<bool> Late{"late"};

int charge(int cents);
void mail(std::string to);
void refund(int paid, std::string who);
void give_back(stet::transaction&, int paid, std::string who);
stet::task<int> helper(stet::context&, int);
stet::task<int> pay(stet::context& ctx, int n) { co_return co_await helper(ctx, n); }

#define WF stet::task<int> f([[maybe_unused]] stet::context& ctx, [[maybe_unused]] int n)
#define SAGA co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<int>
#define USE void d([[maybe_unused]] stet::engine& e, [[maybe_unused]] int k)

// ---- names and ids
#if CASE == 1  // the id as a std::string, a view or a part of another text
stet::task<std::string> f(stet::context& ctx) {
  std::string id = ctx.id();
  std::string_view view = ctx.id();
  co_await ctx.child(Pay, id + "/pay", 1);
  co_return ctx.id() + "/" + std::string(view);
}
#elif CASE == 2    // EXPECT: stet: a step has a name, which comes first
WF { co_return co_await ctx.step(charge, n); }
#elif CASE == 3    // EXPECT: stet: a step has a name, which comes first
WF {
  co_return co_await ctx.step([&] { return n; });
}
#elif CASE == 4    // EXPECT: stet: a signal is received by its typed name
WF { co_return co_await ctx.receive("approved"); }
#elif CASE == 5    // EXPECT: stet: a workflow is called by its typed name
WF { co_return co_await ctx.child("pay", "pay-1", n); }
#elif CASE == 6    // EXPECT: stet: a workflow is started by its typed name
USE { e.start("pay", "pay-1", k); }
#elif CASE == 7    // EXPECT: stet: a workflow is defined under its typed name
USE { e.define("pay", pay); }
#elif CASE == 8    // EXPECT: stet: a signal is sent by its typed name
USE { e.signal("pay-1", "approved", true); }
#elif CASE == 9    // EXPECT: stet: a run has an id, which comes after the workflow
USE { e.start(Pay, k); }
#elif CASE == 10   // EXPECT: stet: a run has an id, which comes after the workflow
USE { e.start(Pay, stet::start_options{.run_timeout = 1h}, "pay-1", k); }
#elif CASE == 11   // EXPECT: stet: an engine takes an open store
stet::engine e("bank.stet");

// ---- the co_await that was forgotten
#elif CASE == 20   // EXPECT: an operation does nothing until it is awaited
WF {
  ctx.sleep(5s);
  co_return n;
}
#elif CASE == 21   // EXPECT: stet: this is an operation, and no result yet: co_await it
WF {
  int paid = ctx.step("charge", charge, n);
  co_return paid;
}
#elif CASE == 22   // EXPECT: stet: this is an operation, and no result yet: co_await it
WF { co_return ctx.step("charge", charge, n); }
#elif CASE == 23   // EXPECT: stet: this is a task, and no result yet: co_await it
WF {
  int paid = helper(ctx, n);
  co_return paid;
}
#elif CASE == 24   // EXPECT: stet: this is an operation, and no result yet: co_await it
WF {
  if (ctx.receive(Approved)) co_return 1;
  co_return 0;
}
#elif CASE == 25   // EXPECT: stet: this is a handle of the run: call result()
USE {
  int paid = e.start(Pay, "pay-1", k);
  (void)paid;
}

// ---- options
#elif CASE == 30   // EXPECT: stet: step_options has no option of this name
WF { co_return co_await ctx.step("charge", {.max_attempts = 3}, charge, n); }
#elif CASE == 31   // EXPECT: stet: step_options has no option of this name
WF { co_return co_await ctx.step("charge", {.retries = 3}, charge, n); }
#elif CASE == 32   // EXPECT: stet: step_options has no option of this name
WF { co_return co_await ctx.step("charge", {.start_to_close_timeout = 30s}, charge, n); }
#elif CASE == 33   // EXPECT: stet: step_options has no option of this name
WF { co_return co_await ctx.step("charge", {.retry = {.maximum_attempts = 3}}, charge, n); }
#elif CASE == 34   // EXPECT: stet: step_options has no option of this name
WF { co_return co_await ctx.try_step("charge", {.timeout = 5s, .max_retries = 3}, charge, n); }
#elif CASE == 35   // EXPECT: stet: start_options has no option of this name
USE { e.start(Pay, "pay-1", {.timeout = 1h}, k); }
#elif CASE == 36   // EXPECT: stet: start_options has no option of this name
USE { e.start(Pay, "pay-1", {.workflow_id_reuse_policy = 1}, k); }
#elif CASE == 37   // empty braces, and the options that exist
WF {
  (void)co_await ctx.step("charge", {}, charge, n);
  (void)co_await ctx.try_step("charge", {}, charge, n);
  co_return co_await ctx.step(
      "charge", {.retry = {.max_attempts = 3, .backoff = 1.5}, .timeout = 5s}, charge, 1);
}
USE {
  e.start(Pay, "pay-1", {}, k);
  e.start(Pay, "pay-1", {}, 'a');
  e.start(Pay, "pay-1", {});
  e.start(Pay, std::string("pay-1"), {.reuse = stet::id_reuse::allow, .run_timeout = 1h}, k);
}

// ---- time
#elif CASE == 40   // EXPECT: stet: a length of time has a unit
WF {
  co_await ctx.sleep(5);
  co_return n;
}
#elif CASE == 41   // EXPECT: stet: a length of time is a whole number of milliseconds
WF {
  co_await ctx.sleep(std::chrono::duration<double>(1.5));
  co_return n;
}
#elif CASE == 42   // EXPECT: stet: until takes a function
WF {
  bool done = n > 3;
  co_await ctx.until(done);
  co_return n;
}
#elif CASE == 43   // hours, days, and the run's own time
WF {
  co_await ctx.sleep(24h);
  co_await ctx.sleep(std::chrono::days(30));
  co_await ctx.sleep_until(ctx.now() + 5min);
  co_await ctx.until([&] { return n > 3; }, 5s);
  co_return n;
}

// ---- a workflow's function
#elif CASE == 50   // EXPECT: is a coroutine that returns stet::task<R>
int plain(stet::context&, int n) { return n; }
USE { e.define(Pay, plain); }
#elif CASE == 51   // EXPECT: first parameter is stet::context&
stet::task<int> no_context(int n) { co_return n; }
USE { e.define(Pay, no_context); }
#elif CASE == 52   // EXPECT: stet: take the context by reference
stet::task<int> by_value(stet::context, int n) { co_return n; }
#elif CASE == 53   // EXPECT: stet: take the context by reference
stet::task<int> by_const(const stet::context&, int n) { co_return n; }
#elif CASE == 54   // EXPECT: may refer to a temporary
stet::task<int> by_const(stet::context&, const std::string& s) { co_return int(s.size()); }
#elif CASE == 55   // EXPECT: stet: a member function needs its object
USE { e.define(Pay, &shop::pay); }
#elif CASE == 56   // the object comes with a lambda; std::function works as well
void d(stet::engine& e, shop& s) {
  e.define(Pay, [&s](stet::context& ctx, int n) { return s.pay(ctx, n); });
  std::function<stet::task<std::string>(stet::context&)> kept;
  e.define(Name, kept);
}
#elif CASE == 57   // EXPECT: the arguments of a name are values
inline constexpr stet::workflow<int(const order*)> Order{"order"};

// ---- what a step is given, and gives back
#elif CASE == 60   // EXPECT: this argument of a step can't be journaled: it has no codec
WF {
  co_return co_await ctx.step("charge", [](const order& o) { return o.cents; }, order{n});
}
#elif CASE == 61   // EXPECT: this type can't be journaled
WF {
  auto o = co_await ctx.step("load", [&] { return order{n}; });
  co_return o.cents;
}
#elif CASE == 62   // EXPECT: pass values, not pointers, views or std::ref
WF {
  order o{n};
  co_return co_await ctx.step("charge", [](const order* p) { return p->cents; }, &o);
}
#elif CASE == 63   // EXPECT: a step's body returns a value
WF {
  auto name = co_await ctx.step("name", [] { return std::string_view("ann"); });
  co_return int(name.size());
}
#elif CASE == 64   // EXPECT: this type can't be journaled
WF {
  auto o = co_await ctx.step("load", [] { return std::make_unique<int>(1); });
  co_return *o;
}
#elif CASE == 65   // EXPECT: Unordered
WF {
  auto stock = co_await ctx.step("stock", [] { return std::unordered_map<int, int>(); });
  co_return int(stock.size());
}
#elif CASE == 66   // EXPECT: a step's body is an ordinary function
WF {
  co_return co_await ctx.step("pay", [&]() -> stet::task<int> { co_return n; });
}
#elif CASE == 67   // EXPECT: a step's body is an ordinary function
WF {
  co_return co_await ctx.step("pay", [&] { return ctx.step("charge", charge, n); });
}
#elif CASE == 68   // EXPECT: the step's body can't be called with these arguments
WF { co_return co_await ctx.step("charge", charge, "ten"); }
#elif CASE == 69   // EXPECT: the step's body can't be called with these arguments
WF { co_return co_await ctx.step("charge", n); }

// ---- foreign futures
#elif CASE == 70   // EXPECT: can only await what Stet can replay
WF { co_return co_await std::async(charge, n); }
#elif CASE == 71   // EXPECT: awaited once: pass std::move(it)
WF {
  std::vector<stet::operation<int>> all;
  for (int i = 0; i < n; ++i) all.push_back(ctx.step("charge", charge, i));
  auto got = co_await stet::all(all);
  co_return int(got.size());
}
#elif CASE == 72   // EXPECT: an operation does nothing until it is awaited
WF { co_return co_await (ctx.step("a", charge, n), ctx.step("b", charge, n)); }

// ---- messages
#elif CASE == 80   // EXPECT: stet: a signal carries a value of its name's type
void d(const stet::run_handle<int>& run) { run.signal(Approved, std::string("yes")); }
#elif CASE == 81   // EXPECT: it answers as long as it lives: keep it in a variable || nodiscard
WF {
  ctx.on(Paid, [&] { return n; });
  co_return n;
}
#elif CASE == 82   // EXPECT: loses its captures
WF {
  auto adding = ctx.on(Add, [&n](int i) -> stet::task<int> { co_return n + i; });
  co_return n;
}
#elif CASE == 83   // EXPECT: stet: a signal is sent by its typed name
void d(const stet::run_handle<int>& run) { run.signal("approved", true); }
#elif CASE == 84   // EXPECT: stet: a signal carries a value of its name's type
void d(const stet::run_handle<int>& run) { run.signal(Approved); }
#elif CASE == 85   // EXPECT: stet: a signal carries a value of its name's type
USE { e.signal("pay-1", Approved); }
#elif CASE == 86   // EXPECT: stet: a signal carries a value of its name's type
USE { e.signal("pay-1", Approved, std::string("yes")); }
#elif CASE == 87   // EXPECT: stet: the id of the run comes first
USE { e.signal(Approved, "pay-1", true); }
#elif CASE == 88   // EXPECT: stet: the signal comes first
USE { e.signal_with_start(Pay, "pay-1", Approved, true, k); }
#elif CASE == 89   // EXPECT: stet: a query is asked by its typed name
void d(const stet::run_handle<int>& run) { (void)run.query("paid"); }
#elif CASE == 90   // EXPECT: stet: a query is asked by its typed name
USE { (void)e.query("pay-1", "paid"); }
#elif CASE == 91   // EXPECT: stet: an update is sent by its typed name
void d(const stet::run_handle<int>& run) { (void)run.update("add", 1); }
#elif CASE == 92   // EXPECT: stet: an update is sent by its typed name
USE { (void)e.update("pay-1", "add", 1); }
#elif CASE == 93   // EXPECT: stet: ctx.receive(Approved) waits for a signal
WF { co_return co_await ctx.signal(Approved); }
#elif CASE == 94   // EXPECT: stet: a signal is sent by its typed name
WF {
  co_await ctx.signal("pay-2", "approved", true);
  co_return n;
}
#elif CASE == 95   // EXPECT: stet: a signal has no handler
WF {
  auto reading = ctx.on(Approved, [&](bool yes) { n += yes; });
  co_return n;
}
#elif CASE == 96   // EXPECT: stet: queries and updates are answered under their typed names
WF {
  auto asking = ctx.on("paid", [&] { return n; });
  co_return n;
}
#elif CASE == 97   // EXPECT: stet: a promise has a typed name
WF {
  auto p = ctx.promise("approval");
  co_return n;
}
#elif CASE == 98   // EXPECT: stet: the promise's typed name comes first
USE { e.resolve("token", Approval, 1); }
#elif CASE == 99   // EXPECT: stet: a promise is waited for by wait()
WF { co_return co_await ctx.promise(Approval); }

// ---- children
#elif CASE == 100  // EXPECT: stet: a child has an id, which comes after the workflow
WF { co_return co_await ctx.child(Pay, n); }
#elif CASE == 101  // EXPECT: stet: a workflow is called by its typed name
WF { co_return co_await ctx.child(pay, "pay-1", n); }
#elif CASE == 102  // EXPECT: stet: a workflow is called by its typed name
WF {
  ctx.start_child("pay", "pay-1", n);
  co_return n;
}
#elif CASE == 103  // EXPECT: stet: child_options has no option of this name
WF {
  using stet::parent_close;
  co_return co_await ctx.child(Pay, "pay-1", {.parent_close_policy = parent_close::abandon}, n);
}
#elif CASE == 104  // EXPECT: stet: child_options has no option of this name
WF {
  ctx.start_child(Pay, "pay-1", {.run_timeout = 1h}, n);
  co_return n;
}
#elif CASE == 105  // EXPECT: stet: not the handle is awaited, but its result
WF { co_return co_await ctx.start_child(Pay, "pay-1", n); }
#elif CASE == 106  // EXPECT: stet: these aren't the arguments of the workflow
WF { co_return co_await ctx.child(Pay, "pay-1", "ten"); }
#elif CASE == 107  // the forms that are right
WF {
  ctx.start_child(Pay, "a", {.parent_close = stet::parent_close::abandon}, 'a');
  auto b = ctx.start_child(Pay, std::string("b"), {}, n);
  co_return co_await ctx.child(Pay, ctx.id() + "/c", {.memo = stet::memo(5)}, n) +
      co_await b.result();
}
#elif CASE == 108  // EXPECT: stet: nothing is continued until it is awaited
WF { co_return ctx.continue_as_new(Pay, n); }
#elif CASE == 109  // EXPECT: stet: a run goes on as a workflow, by its typed name
WF { co_return co_await ctx.continue_as_new(pay, n); }

// ---- starts and finds
#elif CASE == 110  // EXPECT: stet: a workflow is started by its typed name
USE { e.start(pay, "pay-1", k); }
#elif CASE == 111  // EXPECT: stet: a workflow is defined under its typed name
USE { e.define(pay); }
#elif CASE == 112  // EXPECT: stet: these aren't the arguments of the workflow
USE { e.start(Pay, "pay-1", k, stet::start_options{.delay = 1h}); }
#elif CASE == 113  // EXPECT: stet: these aren't the arguments of the workflow
inline constexpr stet::workflow<int(std::string)> Ship{"ship"};
USE { e.start(Ship, "ship-1", std::string_view("ann")); }
#elif CASE == 114  // EXPECT: stet: start_options has no option of this name, or it is of another
USE { e.start(Pay, "pay-1", {.memo = 5}, k); }
#elif CASE == 115  // EXPECT: stet: start_options has no option of this name
USE { e.start(Pay, "pay-1", {.expect_same_arguments = true}, k); }
#elif CASE == 116  // EXPECT: stet: a run is found by its workflow and its id
USE { (void)e.find("pay-1"); }
#elif CASE == 117  // EXPECT: stet: result() waits for the end, however long that takes
void d(const stet::run_handle<int>& run) { (void)run.result(5s); }
#elif CASE == 118  // EXPECT: stet: a length of time has a unit
void d(const stet::run_handle<int>& run) { (void)run.wait_for(5); }
#elif CASE == 119  // EXPECT: stet: an entity isn't started
USE { e.start(Cart, "ann"); }
#elif CASE == 120  // EXPECT: stet: an entity is called by its typed name
USE { (void)e.call("cart", "ann", Add, 1); }
#elif CASE == 121  // EXPECT: stet: an entity's handlers are made by stet::on
USE {
  e.define(Cart, [](std::vector<std::string>&, int i) { return i; });
}

// ---- options and times of steps
#elif CASE == 130  // EXPECT: stet: a step's options come after its name
WF { co_return co_await ctx.step("charge", charge, n, stet::step_options{.timeout = 5s}); }
#elif CASE == 131  // EXPECT: stet: step_options has no option of this name, or it is of another
WF { co_return co_await ctx.step("charge", {.timeout = 5}, charge, n); }
#elif CASE == 132  // EXPECT: stet: sleep_until takes a stet::time_point
WF {
  co_await ctx.sleep_until(std::chrono::system_clock::now() + 5s);
  co_return n;
}
#elif CASE == 133  // EXPECT: stet: a length of time has a unit
WF { co_return (co_await ctx.receive(Approved, 5)).value_or(false); }
#elif CASE == 134  // EXPECT: stet: a length of time has a unit
WF { co_return (co_await stet::with_timeout(5, ctx.step("charge", charge, n))).value_or(0); }
#elif CASE == 135  // EXPECT: stet: the limit comes first
WF { co_return (co_await stet::with_timeout(ctx.step("charge", charge, n), 5s)).value_or(0); }
#elif CASE == 136  // EXPECT: stet: the first of two: co_await stet::any(a, b)
WF {
  co_await (ctx.step("charge", charge, n) || ctx.sleep(5s));
  co_return n;
}

// ---- filters and attributes
#elif CASE == 140  // EXPECT: stet: a page has `runs`
USE {
  for (auto& run : e.admin().list(Customer == "ann")) (void)run;
}
#elif CASE == 141  // EXPECT: stet: a filter has no placeholders
USE { (void)e.admin().list("customer = ?", std::string("ann")); }
#elif CASE == 142  // EXPECT: stet: an attribute is compared with a value of its own type
USE { (void)e.admin().count(Cents == "ann"); }
#elif CASE == 143  // EXPECT: stet: an attribute is compared with a value of its own type
USE { (void)e.admin().count(stet::built_in::ExecutionStatus == "Running"); }
#elif CASE == 144  // EXPECT: stet: an attribute is compared with a value of its own type
USE { (void)e.admin().count(Customer == std::optional<std::string>("ann")); }
#elif CASE == 145  // EXPECT: stet: an attribute by itself is no filter
USE { (void)e.admin().count(Late); }
#elif CASE == 146  // EXPECT: stet: an attribute by itself is no filter
USE { (void)e.admin().count(!Late); }
#elif CASE == 147  // one attribute without a list, and the filters that are right
WF {
  ctx.set_attributes(Customer("ann"));
  ctx.set_attributes({Customer("ann"), Late(true), Cents.unset()});
  co_return n;
}
USE {
  using namespace stet::built_in;
  e.start(Pay, "pay-1", {.attributes = Customer("ann")}, k);
  e.start(Pay, "pay-2", {.attributes = {Customer("ann"), Cents(1)}}, k);
  (void)e.admin().list(Late == true && !(Cents > 5) && "customer = 'ann'", {.page_size = 5});
  (void)e.admin().count(ExecutionStatus == stet::status::running || WorkflowType == Pay);
  for (auto& run : e.admin().list("").runs) (void)run;
}
#elif CASE == 148  // EXPECT: stet: this temporary is gone before a loop over its member begins
void d(const stet::found<order>& (*)());
using constant = const stet::found<order>;
int d(constant (*look)()) { return look()->cents; }
#elif CASE == 150  // an outcome in a variable
WF {
  auto paid = co_await ctx.try_step("charge", charge, n);
  co_return paid.value_or(0);
}
#elif CASE == 151  // EXPECT: stet: a completion is rejected with an exception
void d(const stet::completion<int>& done) { done.reject("no money"); }
#elif CASE == 152  // EXPECT: stet: a key of a table is an integer
inline constexpr stet::table<double, int> Prices{"prices"};
void d(stet::transaction& tx) { tx.put(Prices, 1.0, 1); }

// ---- undos of a saga
#elif CASE == 160  // EXPECT: stet: this undo can't be called. It is called with the result
WF {
  SAGA { co_return co_await s.step("charge", charge, n).undo("refund", refund); });
}
#elif CASE == 161  // EXPECT: It is called with a stet::transaction&
WF {
  SAGA { co_return co_await s.step("charge", charge, n).undo_transact("back", give_back); });
}
#elif CASE == 162  // EXPECT: stet: this undo can't be called with these arguments
WF {
  SAGA {
    s.undo_in_any_case("refund", refund, 1);
    co_return n;
  });
}
#elif CASE == 163  // EXPECT: stet: this undo can't be called with a stet::transaction& and these
WF {
  SAGA {
    s.undo_transact_in_any_case("back", give_back, 1);
    co_return n;
  });
}
#elif CASE == 164  // EXPECT: stet: step_options has no option of this name, or it is of another
WF {
  SAGA { co_return co_await s.step("charge", {.timeout = 5}, charge, n).undo("mail", mail, "a"); });
}
#elif CASE == 165  // EXPECT: stet: step_options has no option of this name, or it is of another
WF {
  SAGA {
    co_return co_await s.step("charge", charge, n).undo("refund", {.timeouts = 5s}, refund, "ann");
  });
}
#elif CASE == 166  // EXPECT: stet: step_options has no option of this name, or it is of another
WF {
  SAGA {
    s.undo_in_any_case("refund", {.timeout = 5}, refund, 1, "ann");
    co_return n;
  });
}
#elif CASE == 167  // the undos that are right
WF {
  SAGA {
    co_await s.step("charge", {.timeout = 5s}, charge, n)
        .undo("mail", {.timeout = 5s}, mail, "ann");
    co_await s.step("charge", {}, charge, n).undo("refund", {}, refund, "ann");
    co_await s.step("charge", charge, n)
        .undo_transact("back", [](stet::transaction&, int, int) {}, 2);
    co_await s.step("mail", mail, "ann").undo("heard", [](stet::step_context&, int) {}, 2);
    co_await s.step("mail", mail, "ann").undo("later", [](stet::completion<void>, int) {}, 2);
    co_await s.transact("take", {.timeout = 5s}, [](stet::transaction&) {})
        .undo_transact("back", [](stet::transaction&) {});
    s.undo_in_any_case("refund", {.timeout = 5s}, refund, 1, "ann");
    s.undo_transact_in_any_case("back", [](stet::transaction&, int) {}, 1);
    co_return n;
  });
}

// ---- options of all kinds, and lengths of time
#elif CASE == 170  // EXPECT: stet: step_options has no option of this name, or it is of another
WF {
  co_await ctx.transact("debit", {.timeout = 5}, [](stet::transaction&) {});
  co_return n;
}
#elif CASE == 171  // EXPECT: stet: start_options has no option of this name
USE { e.start(Pay, "pay-1", {.expects_same_argument = true}, k); }
#elif CASE == 172  // EXPECT: stet: engine_options has no option of this name
void d() { stet::engine e{stet::memory::open(), {.retention = 5}}; }
#elif CASE == 173  // EXPECT: stet: engine_options has no option of this name
void d() { stet::engine e{stet::memory::open(), {.workers = 5}}; }
#elif CASE == 174  // EXPECT: stet: map_options has no option of this name
WF {
  std::vector<int> v{n};
  co_await stet::map(v, {.parallelism = 4}, [&](int i) { return ctx.step("charge", charge, i); });
  co_return n;
}
#elif CASE == 175  // EXPECT: stet: map_options has no option of this name
WF {
  std::vector<int> v{n};
  co_await stet::try_map(v, [&](int i) { return ctx.step("charge", charge, i); },
                         {.failures_max = 4});
  co_return n;
}
#elif CASE == 176  // EXPECT: stet: workflow_options has no option of this name
USE { e.define(Pay, {.version = 2}, pay); }
#elif CASE == 177  // EXPECT: stet: a length of time has a unit
USE { (void)e.close(10); }
#elif CASE == 178  // EXPECT: stet: a length of time has a unit
USE { (void)e.run_until_idle(50); }
#elif CASE == 179  // EXPECT: stet: a length of time has a unit
USE { e.retain("shop", 30); }
#elif CASE == 180  // EXPECT: stet: a length of time has a unit
USE { (void)e.admin().wait_for_change({}, 5); }
#elif CASE == 181  // EXPECT: stet: a length of time has a unit
void d(const stet::update_handle<int>& u) { (void)u.wait_for(5); }
#elif CASE == 182  // EXPECT: stet: a length of time has a unit
WF {
  co_return co_await ctx.until([&] { return n > 0; }, 5);
}
#elif CASE == 183  // options and times that are right
WF {
  std::vector<int> v{n};
  stet::map_options four{.concurrency = 4};
  auto body = [&](int i) { return ctx.step("charge", charge, i); };
  co_await stet::map(v, four, body);
  co_await stet::map(v, {}, body);
  co_await stet::try_map(v, {.concurrency = 4, .failures_max = 1}, body);
  co_await ctx.transact("debit", {.timeout = 5s}, [](stet::transaction&) {});
  co_return co_await ctx.until([&] { return n > 0; }, 5s);
}
USE {
  stet::engine_options manual{.threads = 0};
  stet::engine a{stet::memory::open(), {}}, b{stet::memory::open(), manual};
  stet::engine c(stet::memory::open(), {.threads = 0, .retention = 24h});
  e.define(Pay, {.version = "2", .accident = stet::accident::fail}, pay);
  e.define(Pay, {}, [](stet::context&, int i) -> stet::task<int> { co_return i + 1; });
  e.retain("shop", 24h);
  e.run_until_idle();
  e.run_until_idle(50ms);
  if (!e.close(10s)) e.close();
}

// ---- what a text stands beside
#elif CASE == 184  // EXPECT: stet: an attribute is compared by ==
USE { (void)e.admin().list(Customer = "ann"); }
#elif CASE == 185  // EXPECT: stet: an attribute is compared by ==
WF {
  ctx.set_attributes({Customer = "ann"});
  co_return n;
}
#elif CASE == 186  // EXPECT: stet: for a store by its URL include <stet/open.hpp>
void d(const char* url) { (void)stet::check(url); }
#elif CASE == 187  // EXPECT: stet: for a store by its URL include <stet/open.hpp>
void d(const std::string& url) { stet::copy(url, "rocksdb:bank"); }
#elif CASE == 188  // what returns from a workflow, beside detail::unknown
stet::task<std::string> f(stet::context&) { co_return {}; }
stet::task<order> g(stet::context&) { co_return {1}; }
stet::task<order> h(stet::context&) { co_return {.cents = 1}; }
stet::task<std::optional<int>> i(stet::context&) { co_return {}; }
stet::task<std::vector<std::string>> j(stet::context&) { co_return {{"a"}, {"b"}}; }
#elif CASE == 153  // undos in any case, in one call
WF {
  SAGA {
    co_await s.transact("c", [](stet::transaction&) {})
        .undo_transact_in_any_case("u", [](stet::transaction&, int) {}, 7);
    co_await s.act(ctx.child(Pay, "p", n)).undo_in_any_case("w", {.timeout = 1s}, [](int) {}, 7);
    co_return co_await s.step("a", charge, n).undo_in_any_case("undo a", [] {});
  });
}
#elif CASE == 154  // EXPECT: what an undo refers to is gone by the time it runs
WF {
  SAGA {
    co_return co_await s.step("x", charge, 1).undo_in_any_case("y", [&] { return n; });
  });
}
#elif CASE == 155  // EXPECT: stet: this undo can't be called with these arguments
void forget(int);
WF {
  SAGA { co_return co_await s.step("x", charge, 1).undo_in_any_case("y", forget); });
}
#elif CASE == 156  // EXPECT: an operation does nothing until it is awaited
WF {
  SAGA {
    s.step("x", charge, n).undo_in_any_case("y", [] {});
    co_return n;
  });
}
#endif
