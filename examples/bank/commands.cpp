#include "commands.hpp"

#include <charconv>
#include <cstdio>
#include <map>
#include <stet/open.hpp>

#include "audit.hpp"
#include "bank.hpp"

using namespace std::chrono_literals;

const char* const usage =
    "usage: bank STORE COMMAND …\n"
    "\n"
    "  open NAME CENTS             opens an account with this balance\n"
    "  balance [NAME]              what there is\n"
    "  freeze|thaw|close NAME      a closed account stays closed\n"
    "  transfer ID FROM TO CENTS   moves money; above 1000 cents when it is approved, within a "
    "day\n"
    "  status ID                   how a transfer stands\n"
    "  approve|deny ID             decides about one that waits\n"
    "  change ID CENTS             the amount of one that waits\n"
    "  cancel ID                   ends one that waits\n"
    "  audit                       do the books balance?\n"
    "\n"
    "STORE is where the bank keeps its books and its transfers, as in sqlite:bank.db, "
    "lmdb:bank.stet\n"
    "or rocksdb:bank. ID is a name of yours: the same ID again is the same transfer.\n"
    "\n"
    "   or: bank --chaos [--seconds N] [--seed N] [--store STORE] [--auditor PROGRAM]\n"
    "\n"
    "Kills a bank at work, again and again, and holds the books against what the transfers said.\n";

namespace {

using words = std::vector<std::string>;
using run_of_transfer = stet::run_handle<receipt>;

cents amount_of(const std::string& text) {
  cents n = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, n);
  if (parsed.ec == std::errc::result_out_of_range && parsed.ptr == end)
    throw usage_error(text + " cents are more than any account can hold");
  if (parsed.ec != std::errc() || parsed.ptr != end)
    throw usage_error("an amount is a whole number of cents, not \"" + text + "\"");
  return n;
}

run_of_transfer transfer_of(stet::engine& engine, const std::string& id) {
  if (auto run = engine.find(Transfer, id)) return *run;
  throw refusal("there is no transfer " + id);
}

// Waits until the transfer has ended or waits for an approval, and prints which.
int tell(const std::string& id, const run_of_transfer& run) {
  for (standing now; !run.wait_for(10ms);) {
    now = run.query(Status);
    if (!now.waits) continue;
    std::printf("%s: waits for approval of %lld from %s to %s\n", id.c_str(),
                static_cast<long long>(now.what.amount), now.what.from.c_str(),
                now.what.to.c_str());
    return 0;
  }
  if (run.status() == stet::status::cancelled) {
    std::printf("%s: cancelled\n", id.c_str());
    return 1;
  }
  const auto r = run.result();
  std::printf("%s: %s\n", id.c_str(), r.text.c_str());
  return r.how == ending::paid ? 0 : 1;
}

int transfer(stet::engine& engine, const words& w) {
  const order o{w[3], w[4], amount_of(w[5])};
  check_order(w[2], o);
  const auto run = engine.start(Transfer, w[2], o, stet::duration(24h));
  if (!run.created()) {
    const auto was = run.query(Status).what;
    if (was.from != o.from || was.to != o.to)
      throw refusal(w[2] + " is another transfer, from " + was.from + " to " + was.to +
                    ": take another ID");
    std::printf("%s was ordered before\n", w[2].c_str());
  }
  return tell(w[2], run);
}

int decide(stet::engine& engine, const words& w) {
  const auto run = transfer_of(engine, w[2]);
  const auto now = run.query(Status);
  if (!now.waits) throw refusal(w[2] + " doesn't wait for approval");
  // The decision names the amount that was read, so that a change in between makes it void.
  run.signal(Decided, {w[1] == "approve", now.what.amount});
  return tell(w[2], run);
}

int change(stet::engine& engine, const words& w) {
  const auto run = transfer_of(engine, w[2]);
  run.update(Change, amount_of(w[3]));
  return tell(w[2], run);
}

int cancel(stet::engine& engine, const words& w) {
  const auto run = transfer_of(engine, w[2]);
  run.cancel("by its customer");
  tell(w[2], run);
  return run.status() == stet::status::cancelled ? 0 : 1;
}

int show(const std::string& name, const account& a) {
  std::printf("%-12s %12lld%s\n", name.c_str(), static_cast<long long>(a.balance),
              a.state == account_state::open     ? ""
              : a.state == account_state::frozen ? "  frozen"
                                                 : "  closed");
  return 0;
}

int balance(stet::engine& engine, const words& w) {
  const auto all = engine.transact([](stet::transaction& tx) {
    std::map<std::string, account> found;
    tx.scan(Accounts, [&](const std::string& name, account a) { found[name] = a; });
    return found;
  });
  if (w.size() == 3) {
    if (!all.contains(w[2])) throw refusal("there is no account " + w[2]);
    return show(w[2], all.at(w[2]));
  }
  for (const auto& [name, a] : all) show(name, a);
  return 0;
}

int audit_books(stet::engine& engine, const words&) {
  const auto a = engine.transact([](stet::transaction& tx) { return examine(tx); });
  std::printf("%s\n", summary(a).c_str());
  for (const auto& f : a.faults) std::printf("fault: %s\n", f.c_str());
  std::printf(a.faults.empty() ? "the books balance\n" : "THE BOOKS DON'T BALANCE\n");
  return a.faults.empty() ? 0 : 1;
}

int open(stet::engine& engine, const words& w) {
  const auto amount = amount_of(w[3]);
  engine.transact([&](stet::transaction& tx) { open_account(tx, w[2], amount); });
  return balance(engine, {w[0], w[1], w[2]});
}

int set(stet::engine& engine, const words& w) {
  const auto state = w[1] == "freeze" ? account_state::frozen
                     : w[1] == "thaw" ? account_state::open
                                      : account_state::closed;
  engine.transact([&](stet::transaction& tx) { set_state(tx, w[2], state); });
  return balance(engine, w);
}

int status(stet::engine& engine, const words& w) { return tell(w[2], transfer_of(engine, w[2])); }

struct command {
  std::size_t least, most;  // words after its name
  const char* takes;
  int (*run)(stet::engine&, const words&);
};
const std::map<std::string, command> commands{
    {"open", {2, 2, "NAME CENTS", open}}, {"balance", {0, 1, "a NAME, or nothing", balance}},
    {"freeze", {1, 1, "NAME", set}},      {"thaw", {1, 1, "NAME", set}},
    {"close", {1, 1, "NAME", set}},       {"transfer", {4, 4, "ID FROM TO CENTS", transfer}},
    {"status", {1, 1, "ID", status}},     {"approve", {1, 1, "ID", decide}},
    {"deny", {1, 1, "ID", decide}},       {"change", {2, 2, "ID CENTS", change}},
    {"cancel", {1, 1, "ID", cancel}},     {"audit", {0, 0, "nothing more", audit_books}},
};

}  // namespace

int run_command(const words& w) {
  if (w.size() < 2) throw usage_error("a store and a command are needed");
  const auto at = commands.find(w[1]);
  if (at == commands.end()) throw usage_error("there is no command " + w[1]);
  if (w.size() < 2 + at->second.least || w.size() > 2 + at->second.most)
    throw usage_error(w[1] + " takes: " + at->second.takes);
  if (w[0].starts_with("memory:"))
    throw usage_error("a bank in memory: forgets everything when the program ends");
  stet::engine engine(stet::open(w[0]));
  define_bank(engine);
  engine.start();  // resumes what a crash cut short
  return at->second.run(engine, w);
}
