// A transfer of money, as a workflow: approval, debit, credit, and the undo of the debit.
#include "bank.hpp"

namespace {

// Waits for a decision about `o`, no longer than `patience`. Meanwhile the amount may change.
stet::task<std::optional<ending>> approval(stet::context& ctx, order& o, bool& waits,
                                           stet::duration patience) {
  const auto last = ctx.now() + patience;
  waits = true;
  for (;;) {
    const auto said = co_await ctx.receive(Decided, last - ctx.now());
    // A decision about another amount doesn't count: the amount has been changed since.
    if (said && said->amount != o.amount) continue;
    waits = false;
    if (!said) co_return ending::expired;
    if (!said->yes) co_return ending::denied;
    co_return std::nullopt;
  }
}

// Each transaction is one commit with its own record in the run's history. After a crash it has
// either happened, and is not done again, or it has not. Between the two transactions the money is
// in flight, and the books show it.
stet::task<> move_money(stet::context& ctx, order o) {
  const std::string id(ctx.id());
  co_await ctx.saga([&](stet::saga& s) -> stet::task<> {
    co_await s.transact("debit", [&](stet::transaction& tx) { debit(tx, id, o.from, o.amount); })
        .undo_transact("give back", give_back, id, o.from, o.amount);
    co_await ctx.transact("credit", [&](stet::transaction& tx) { credit(tx, id, o.to, o.amount); });
  });
}

std::string words(const order& o) {
  return std::to_string(o.amount) + " from " + o.from + " to " + o.to;
}

stet::task<receipt> transfer(stet::context& ctx, order o, stet::duration patience) {
  bool waits = false;
  const auto telling = ctx.on(Status, [&] { return standing{waits, o}; });
  const auto changing = ctx.on(
      Change,
      [&](cents amount) {  // the validator: decides, and only reads
        if (!waits) throw refusal("it can't be changed: it doesn't wait for approval");
        check_amount(amount);
      },
      [&](cents amount) { return o.amount = amount; });

  const auto ends = [&o](ending how, const std::string& why) {
    return receipt{how, o.amount, words(o) + ": " + why};
  };
  try {
    check_order(ctx.id(), o);
    if (o.amount > free_of_approval) {
      const auto no = co_await approval(ctx, o, waits, patience);
      if (no == ending::denied) co_return ends(*no, "denied");
      if (no) co_return ends(*no, "nobody approved it in time");
    }
    co_await move_money(ctx, o);
    co_return ends(ending::paid, "paid");
  } catch (const refusal& e) {
    co_return ends(ending::refused, std::string("refused, since ") + e.what());
  } catch (const stet::step_failed& e) {
    if (e.operation() == "debit") co_return ends(ending::refused, "refused, since " + e.message());
    co_return ends(ending::given_back, "given back, since " + e.message());
  }
}

}  // namespace

void check_order(std::string_view id, const order& o) {
  if (id.starts_with('*')) throw refusal("the ID of a transfer doesn't begin with *");
  check_name(o.from);
  check_name(o.to);
  check_amount(o.amount);
  if (o.from == o.to) throw refusal("from " + o.from + " to " + o.to + " is no way to go");
}

void define_bank(stet::engine& engine) { engine.define(Transfer, transfer); }
