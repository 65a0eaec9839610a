#include "tests/exhaustive/scripts.hpp"

#include <functional>

#include "tests/support/tables.hpp"

namespace stet_tests {
namespace {

/// Its arguments: the script, the next operation, the text so far, and the number of updates done.
inline constexpr stet::workflow<std::string(std::string, unsigned, std::string, int)> Play{"play"};
inline constexpr stet::workflow<void(std::string)> Leaf{"leaf"}, Forever{"forever"};
inline constexpr stet::workflow<void(int)> Heir{"heir"};
inline constexpr stet::signal<int> Number{"number"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::table<std::string, int> Written{"written"};

/// Uses the context in its destructor, however its frame ends.
class farewell {
 public:
  explicit farewell(stet::context& c) noexcept : ctx_(c) {}
  farewell(const farewell&) = delete;
  farewell& operator=(const farewell&) = delete;
  ~farewell() {
    ctx_.set_details("gone");
    (void)ctx_.random();
  }

 private:
  stet::context& ctx_;
};

struct player {
  world& w;

  auto step(stet::context& ctx, const std::string& name) const {
    return ctx.step(name, [&done = w.done, name] { done.hit(name); });
  }

  stet::task<void> leaf(stet::context& ctx, std::string name) const {
    co_await step(ctx, name);
    co_await ctx.sleep(2ms);
  }
  stet::task<void> forever(stet::context& ctx, std::string name) const {
    co_await step(ctx, name);
    co_await ctx.sleep(std::chrono::hours(24 * 365));
  }

  static stet::task<void> inherit(stet::context& ctx, int left) {
    if (left == 0) co_await ctx.sleep(std::chrono::hours(24 * 365));
    (void)co_await ctx.receive(Number);
    co_await ctx.continue_as_new(Heir, left - 1);
  }
  static stet::task<std::string> bequeath(stet::context& ctx, std::string id) {
    auto heir = ctx.start_child(Heir, id, 1);
    co_await stet::all(ctx.signal(id, Number, 1), ctx.cancel(heir.id(), "enough"));
    auto end = co_await stet::attempt(heir.result());
    auto how = end.failed_as<stet::child_failed>();
    co_return how && how->type() == "stet::run_cancelled" ? "h" : "not cancelled";
  }

  /// Performs one operation, and returns its part of the text.
  stet::task<std::string> perform(stet::context& ctx, char what, std::string place, int& updates,
                                  int updates_before) const {
    switch (what) {
      case operation::step: co_await step(ctx, "step " + place); break;
      case operation::sleep: co_await ctx.sleep(1h); break;
      case operation::receive: co_return "r" + std::to_string(co_await ctx.receive(Number));
      case operation::child: co_await ctx.child(Leaf, "p/" + place, "child " + place); break;
      case operation::cancel: {
        auto child = ctx.start_child(Forever, "p/" + place, "forever " + place);
        co_await step(ctx, "beside " + place);
        co_await ctx.cancel(child.id(), "enough");
        auto end = co_await stet::attempt(child.result());
        auto how = end.failed_as<stet::child_failed>();
        co_return how && how->type() == "stet::run_cancelled" ? "x" : "not cancelled";
      }
      case operation::any: {
        auto winner = co_await stet::any(step(ctx, "any " + place), ctx.sleep(1ms));
        co_return winner.index() == 0 ? "y0" : "y1";
      }
      case operation::all:
        co_await stet::all(step(ctx, "all " + place), ctx.sleep(1ms),
                           ctx.child(Leaf, "p/" + place, "both " + place));
        break;
      case operation::transact:
        co_await ctx.transact("write", [&](stet::transaction& tx) {
          tx.put(Written, place, tx.get(Written, place).value_or(0) + 1);
        });
        break;
      case operation::launch:
        (void)ctx.start_child(Leaf, "p/" + place, {.parent_close = stet::parent_close::abandon},
                              "launched " + place);
        break;
      case operation::heir: co_return co_await bequeath(ctx, "p/" + place);
      case operation::update: {
        co_await ctx.until([&] { return updates > updates_before; });
        break;
      }
      default: break;
    }
    co_return std::string(1, what);
  }

  stet::task<std::string> play(stet::context& ctx, std::string script, unsigned at,
                               std::string text, int updates) const {
    auto adding = ctx.on(Add, [&](stet::context& c, int number) -> stet::task<int> {
      co_await step(c, "update " + std::to_string(number));
      co_return ++updates;
    });
    farewell f(ctx);
    int waited_for = 0;
    for (unsigned i = 0; i < at; ++i) waited_for += script[i] == operation::update;
    for (; at < script.size(); ++at) {
      if (script[at] == operation::continue_as_new) {
        co_await ctx.handlers_done();
        co_return co_await ctx.continue_as_new(Play, script, at + 1, text + "n", updates);
      }
      text += co_await perform(ctx, script[at], std::to_string(at), updates, waited_for);
      waited_for += script[at] == operation::update;
    }
    co_await ctx.handlers_done();
    co_return text;
  }
};

/// Sends to a run that may have ended meanwhile.
void send(const std::function<void()>& f) {
  try {
    f();
  } catch (const stet::error& e) {
    if (e.code() != stet::errc::run_ended) throw;
  }
}

/// The effects that the steps of an operation must have had, by their names.
std::vector<std::string> effects_of(char what, const std::string& place, int updates_before) {
  switch (what) {
    case operation::step: return {"step " + place};
    case operation::child: return {"child " + place};
    case operation::launch: return {"launched " + place};
    case operation::cancel: return {"beside " + place};
    case operation::all: return {"all " + place, "both " + place};
    case operation::update: return {"update " + std::to_string(updates_before)};
    default: return {};
  }
}

/// The texts that an operation may return.
std::vector<std::string> words_of(char what, int received_before) {
  if (what == operation::receive) return {"r" + std::to_string(received_before)};
  if (what == operation::any) return {"y0", "y1"};
  return {std::string(1, what)};
}

}  // namespace

std::vector<std::string> scripts_up_to(std::size_t length) {
  std::vector<std::string> all, last = {""};
  for (std::size_t n = 0; n < length; ++n) {
    std::vector<std::string> longer;
    for (auto& s : last)
      for (char o : operation::every) longer.push_back(s + o);
    all.insert(all.end(), longer.begin(), longer.end());
    last = std::move(longer);
  }
  return all;
}

void define_player(world& w, stet::engine& e) {
  player p{w};
  e.define(Play,
           [p](stet::context& ctx, std::string script, unsigned at, std::string text, int updates) {
             return p.play(ctx, std::move(script), at, std::move(text), updates);
           });
  e.define(Leaf,
           [p](stet::context& ctx, std::string name) { return p.leaf(ctx, std::move(name)); });
  e.define(Forever,
           [p](stet::context& ctx, std::string name) { return p.forever(ctx, std::move(name)); });
  e.define(Heir, [](stet::context& ctx, int left) { return player::inherit(ctx, left); });
}

std::string play(world& w, const std::string& script) {
  auto run = w.engine().start(Play, "p", script, 0, "", 0);
  int signals = 0, updates = 0;
  for (char what : script) {
    if (what == operation::receive) {
      auto n = signals++;
      send([&] { run.signal(Number, n, {.idempotency_key = std::to_string(n)}); });
    }
    if (what == operation::update) {
      auto n = updates++;
      auto id = std::to_string(n);
      send([&] { (void)run.start_update(Add, {.id = id}, n); });
    }
  }
  auto outcome = w.result(run);
  w.finish();  // its children
  return outcome;
}

std::map<std::string, int> written(stet::engine& e) { return entries_of(e, Written); }

std::string verdict(const std::string& script, const std::string& outcome, const effects& done,
                    int crashes) {
  std::string_view rest = outcome;
  int received = 0, updates = 0;
  for (std::size_t i = 0; i < script.size(); ++i) {
    auto place = std::to_string(i);
    bool fits = false;
    for (auto& word : words_of(script[i], received)) {
      if (fits || !rest.starts_with(word)) continue;
      rest.remove_prefix(word.size());
      fits = true;
    }
    if (!fits) return "it returned '" + outcome + "'";
    for (auto& name : effects_of(script[i], place, updates))
      if (auto n = done.of(name); n < 1 || n > 1 + crashes)
        return "'" + name + "' took effect " + std::to_string(n) + " times";
    for (auto& name : {"any " + place, "forever " + place})
      if (done.of(name) > 1 + crashes) return "'" + name + "' took effect too often";
    received += script[i] == operation::receive;
    updates += script[i] == operation::update;
  }
  return rest.empty() ? "" : "it returned '" + outcome + "'";
}

}  // namespace stet_tests
