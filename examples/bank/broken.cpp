// A bank as it must not be, so that the audit can be seen to fail: each posting is two writes with
// two commits, in a step. A kill between them leaves half a posting, and the step, which is then
// begun anew, does that half twice.
#include "broken.hpp"

namespace {

struct broken_transfer {
  stet::engine& engine;

  bool post(const std::string& id, const std::string& what, const std::string& from,
            const std::string& to, cents amount) const {
    const bool enough = engine.transact([&](stet::transaction& tx) {
      if (from != in_flight && tx.get(Accounts, from).value_or(account{}).balance < amount)
        return false;
      enter(tx, id, what, from, -amount);
      return true;
    });
    if (enough) engine.transact([&](stet::transaction& tx) { enter(tx, id, what, to, amount); });
    return enough;
  }

  stet::task<receipt> operator()(stet::context& ctx, order o, stet::duration) const {
    const std::string id(ctx.id());
    const bool enough =
        co_await ctx.step("debit", [&] { return post(id, "debit", o.from, in_flight, o.amount); });
    if (!enough) co_return receipt{ending::refused, o.amount, "refused"};
    co_await ctx.step("credit", [&] { post(id, "credit", in_flight, o.to, o.amount); });
    co_return receipt{ending::paid, o.amount, "paid"};
  }
};

}  // namespace

void define_broken_bank(stet::engine& engine) { engine.define(Transfer, broken_transfer{engine}); }
