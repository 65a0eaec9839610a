// A bank with a fault, to show that the audit can fail. It posts from a step, and so at least once,
// and not in ctx.transact:
// - "twice": each posting is one commit, and the record that it was made is another one. After a
//   kill between them, the posting is made again.
// - "halves": each side of a posting is a commit. A kill between them leaves half a posting.
#include "broken.hpp"

namespace {

struct broken_transfer {
  stet::engine& engine;
  bool halves;

  bool post(const std::string& id, const std::string& what, const std::string& from,
            const std::string& to, cents amount) const {
    return engine.transact([&](stet::transaction& tx) {
      if (from != in_flight && tx.get(Accounts, from).value_or(account{}).balance < amount)
        return false;
      enter(tx, id, what, from, -amount);
      if (!halves) enter(tx, id, what, to, amount);
      return true;
    });
  }
  bool post_all(const std::string& id, const std::string& what, const std::string& from,
                const std::string& to, cents amount) const {
    const bool enough = post(id, what, from, to, amount);
    if (enough && halves)
      engine.transact([&](stet::transaction& tx) { enter(tx, id, what, to, amount); });
    return enough;
  }

  stet::task<receipt> operator()(stet::context& ctx, order o, stet::duration) const {
    const std::string id(ctx.id());
    const bool enough = co_await ctx.step(
        "debit", [&] { return post_all(id, "debit", o.from, in_flight, o.amount); });
    if (!enough) co_return receipt{ending::refused, o.amount, "refused"};
    co_await ctx.step("credit", [&] { post_all(id, "credit", in_flight, o.to, o.amount); });
    co_return receipt{ending::paid, o.amount, "paid"};
  }
};

}  // namespace

void define_broken_bank(stet::engine& engine, const std::string& how) {
  engine.define(Transfer, broken_transfer{engine, how == "halves"});
}
