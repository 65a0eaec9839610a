// Checks a store: first the journal, which names the runs that have changed since their snapshots;
// then every snapshot with its history; then every index, from its entries to the runs.
#include <stet/check.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/shown.hpp"
#include "history/block.hpp"
#include "journal/aside.hpp"
#include "journal/checkpoint.hpp"
#include "journal/debts.hpp"
#include "journal/journal.hpp"
#include "keys/keys.hpp"
#include "tools/pages.hpp"

namespace stet { inline namespace v0 {
namespace detail { namespace {

constexpr std::size_t page_bytes = 1 << 20;
constexpr std::size_t problems_max = 1000;

std::string quoted(const run_state& s) {
  return "run " + std::to_string(s.run.value()) + " (" + shown(s.id) + ")";
}
std::string numbered(std::string_view what, std::uint64_t n) {
  return std::string(what) + " " + std::to_string(n);
}
std::string numbered(run_number run) { return numbered("run", run.value()); }

class checking {
 public:
  explicit checking(store& s) : store_(s) {}

  check_report run() {
    check_format();
    aside_ = read_aside(store_, [](auto&) {});  // check_aside reports those that are damaged
    owed_ = read_debts(store_, [](auto&) {});
    read_journal();
    read_snapshots();
    finish_journal_runs();
    check_families();
    check_calls();
    check_indexes();
    check_keys();
    return std::move(report_);
  }

 private:
  /// The facts about each run with which the indexes are compared.
  struct known {
    std::uint64_t records = 0;                      // records in chunks
    engine_time indexed_wake = run_state::no_wake;  // the time in its timer's key
    std::size_t id_hash = 0;
    bool in_snapshot = false;
    run_number first;  // the first run of its chain
  };
  /// A run that waits, and the run for which it waits.
  struct child_link {
    run_number parent, child;
    command_number command;
  };
  struct call_link {
    run_number caller;
    std::string name_space, called;  // `called` is an id
  };

  void problem(std::string_view text) {
    if (++report_.problem_count <= problems_max) report_.problems.push_back(on_one_line(text));
  }
  template <class F> void guard(const std::string& what, F f) {
    try {
      f();
    } catch (const malformed& e) { problem(what + ": " + e.what()); }
  }
  page_reader space(keys::space s) {
    auto from = keys::all(s);
    return page_reader(store_, page_bytes, from, keys::end_of(from));
  }

  /// Whether the store has no other key. An empty one means that it has none at all.
  bool has_only(const std::string& key) {
    bool only = true;
    scan(store_, {}, [&](std::string_view found, std::string_view) { return only = found == key; });
    return only;
  }

  void check_format() {
    auto format = store_.get(keys::format());
    // The first start of an engine was never made, or cut short.
    report_.empty = has_only(format ? keys::format() : std::string());
    if (!format && report_.empty) return;
    if (!format)
      return problem(store_.get(keys::copy_note()) ? "the store is an unfinished copy"
                                                   : "the store's format is not named");
    if (*format != std::to_string(store_format))
      problem("the store has format " + shown(*format) + ", this build knows format " +
              std::to_string(store_format));
    auto owner = store_.get(keys::owner());
    if (!owner && report_.empty) return;
    if (!owner) return problem("the marks (key o) are missing");
    guard("the marks (key o)", [&] { marks_ = decode_marks(*owner); });
    guard("the history of the clock (key k)", [&] {
      if (auto clock = store_.get(keys::clock())) (void)decode_clock_history(*clock);
    });
  }

  // ---- the journal
  void read_journal() {
    auto blocks = space(keys::space::journal);
    auto expected = marks_.first_block;
    while (auto* e = blocks.next()) {
      ++report_.blocks;
      guard("a block's key " + printable_key(e->first), [&] {
        if (e->first.size() != keys::journal(0).size()) throw malformed("it has a wrong length");
        auto number = keys::last_number(e->first);
        if (number != expected)
          problem(numbered("block", expected) + " is missing before block " +
                  std::to_string(number));
        expected = number + 1;
        guard(numbered("block", number), [&] { read_block(e->second, number); });
      });
    }
    if (marks_.clean && report_.blocks != 0) problem("the store was closed, and has blocks");
    next_lsn_ = std::max(marks_.next_lsn, next_lsn_);
  }

  void read_block(std::string_view block, std::uint64_t number) {
    auto head = open_block(block, number);
    if (next_lsn_ && head.first_lsn != next_lsn_)
      problem(numbered("block", number) + " doesn't begin with the record after the last block's");
    auto lsn = head.first_lsn;
    source in(records_of(block));
    auto past = head.first_lsn + head.count;
    for (; !in.done() && lsn <= past; ++lsn) {  // one more than its count: reported below
      auto before = in.rest();
      auto r = decode_record(in);
      if (r.kind == record_kind::erased) recent_.erase(r.related);
      else if (r.kind != record_kind::written)
        recent_[r.run].emplace_back(lsn, before.substr(0, before.size() - in.left()));
      next_run_ = std::max(next_run_, r.run + 1);
    }
    next_lsn_ = lsn;
    if (lsn != past)
      problem(numbered("block", number) + " has another count of records than it says");
  }

  // ---- runs
  void read_snapshots() {
    auto snapshots = space(keys::space::snapshot);
    while (auto* e = snapshots.next())
      guard("the snapshot at key " + printable_key(e->first), [&] {
        if (e->first.size() != keys::snapshot({}).size()) throw malformed("its key is too long");
        auto number = keys::last_run(e->first);
        unread_.insert(number);
        auto s = decode_run_state(e->second);
        if (s.run != number) throw malformed("it is of " + numbered(s.run));
        unread_.erase(number);
        check_snapshot(s);
      });
  }

  void check_snapshot(run_state& s) {
    auto& k = runs_[s.run];
    k = {s.records, s.indexed_wake, std::hash<std::string>()(s.id), true, s.first};
    if (s.applied_lsn >= next_lsn_) problem(quoted(s) + " has a record above the counter");
    if (!store_.get(keys::id(namespace_of(s), s.id, s.run)))
      problem(quoted(s) + " isn't in the index of ids");
    if (s.indexed_wake != run_state::no_wake && !store_.get(keys::timer(s.indexed_wake, s.run)))
      problem(quoted(s) + " isn't in the index of timers");
    if (wake_of(s) != s.indexed_wake) problem(quoted(s) + " has another timer than it needs");
    check_index(s);
    guard("the history of " + quoted(s), [&] {
      auto history = read_history(store_, s.run, s.records);
      fold_anew(s, history);
      check_sent(s, history);
    });
    catch_up(s);
    check_run(s);
  }

  void check_index(const run_state& s) {
    for (auto& key : index_keys(s)) {
      ++indexed_;
      if (!store_.get(key))
        problem(quoted(s) + " isn't in the index where it should be, at " + printable_key(key));
    }
    counts_.add(namespace_of(s), s.workflow, s.indexed_status, 1);
  }
  /// Checks that the index has each entry that a run should have. If it has more entries, finds
  /// those that belong to no run.
  void check_indexes() {
    auto entries = space(keys::space::index);
    std::uint64_t found = 0;
    for (; auto* e = entries.next(); ++found) count_unread(e->first);
    check_counters();
    if (found == indexed_) return;
    auto again = space(keys::space::index);
    while (auto* e = again.next())
      guard("the key " + printable_key(e->first), [&] {
        auto s = read_snapshot(store_, keys::last_run(e->first));
        auto all = s ? index_keys(*s) : std::vector<std::string>();
        if (std::find(all.begin(), all.end(), e->first) == all.end())
          throw malformed("it is an index entry of a run that isn't there, or has another");
      });
  }

  void check_counters() {
    run_counters stored;
    (void)stored.read(store_, [&](const std::string& what) { problem(what); });
    auto compare = [&](const run_counters& one, const run_counters& other, bool both) {
      for (auto& [k, n] : one.all()) {
        auto& [name_space, workflow, s] = k;
        auto found = other.all().find(k);
        if (found != other.all().end() && (found->second == n || !both)) continue;
        auto key = keys::count(name_space, workflow, static_cast<std::uint8_t>(s));
        auto there = both ? (found == other.all().end() ? 0 : found->second) : n;
        problem("the counter of runs at key " + printable_key(key) + " says " +
                std::to_string(there) + ", and the runs give " + std::to_string(both ? n : 0) +
                ": a start of an engine counts them anew if it is damaged");
      }
    };
    compare(counts_, stored, true);
    compare(stored, counts_, false);
  }

  /// Counts a run whose snapshot can't be read by its index entry.
  void count_unread(std::string_view entry) {
    if (entry.size() < 10 || !unread_.contains(keys::last_run(entry))) return;
    guard("the key " + printable_key(entry), [&] {
      source in(entry.substr(2));
      auto name_space = keys::take_text(in);
      if (keys::take_text(in) != by_kind) return;
      auto workflow = keys::take_text(in);
      counts_.add(name_space, workflow, static_cast<status>(in.byte()), 1);
    });
  }

  /// Checks that the fold of the history equals the snapshot.
  void fold_anew(const run_state& s, std::string_view history) {
    run_state folded;
    for (source in(history); !in.done();) apply(folded, decode_record(in), s.applied_lsn);
    folded.indexed_wake = s.indexed_wake;
    for (auto& p : folded.waits_for)  // the journal's LSNs, which no chunk has
      for (auto& q : s.waits_for)
        if (p.command == q.command) p.lsn = q.lsn;
    std::string one, other;
    encode(one, folded);
    encode(other, s);
    if (one != other) throw malformed("folded anew it gives something else than the snapshot");
  }

  /// If a run was continued, the later runs of its chain must know the requests that it was sent. A
  /// run that was continued before such entries existed has none.
  void check_sent(const run_state& s, std::string_view history) {
    using keys::sent_kind;
    if (!s.next || !store_.get(keys::sent(s.first, sent_kind::all, {}, s.run))) return;
    std::set<std::string> entries{keys::sent(s.first, sent_kind::all, {}, s.run)};
    for (source in(history); !in.done();) {
      auto r = decode_record(in);
      auto key = request_key(r.kind, r.flags, r.target);
      auto kind = r.kind == record_kind::signal ? sent_kind::signal : sent_kind::update;
      if (!key.empty()) entries.insert(keys::sent(s.first, kind, key, s.run));
    }
    for (auto& key : entries)
      if (!store_.get(key))
        problem(quoted(s) + " was sent something that isn't known at " + printable_key(key));
    sent_expected_ += entries.size();
  }

  /// Applies the records that the snapshot doesn't have: those put aside, and those in the journal.
  void catch_up(run_state& s) {
    auto fold = [&](const aside_records& records, std::string_view where) {
      guard("the records of " + numbered(s.run) + std::string(where), [&] {
        for (auto& [lsn, bytes] : records) {
          if (lsn <= s.applied_lsn) continue;
          source in(bytes);
          apply(s, decode_record(in), lsn);
        }
      });
    };
    if (auto kept = aside_.find(s.run); kept != aside_.end() && s.records > 0)
      fold(kept->second, " that were put aside");
    fold(recent_[s.run], " in the journal");
    recent_.erase(s.run);
  }

  /// Checks the runs that have no snapshot yet.
  void finish_journal_runs() {
    while (!recent_.empty()) {
      run_state s;
      s.run = recent_.begin()->first;
      catch_up(s);
      if (s.records > 0) guard(numbered(s.run), [&] { check_run(s); });
    }
  }

  void check_run(const run_state& s) {
    ++report_.runs;
    report_.records += s.records;
    next_run_ = std::max(next_run_, s.run + 1);
    auto& is_open = chains_[s.first];
    is_open = is_open || s.open();
    if (!s.open()) return;
    ++report_.open_runs;
    if (s.stalled) ++report_.stalled_runs;
    if (s.undriven == 0 && !s.stalled && s.waits_for.empty())
      problem(quoted(s) + " is open, and nothing will wake it");
    auto name_space = std::string(namespace_of(s));
    open_ids_.emplace(name_space, s.id);
    if (s.undriven > 0 || owed_.contains(s.run)) return;  // its answer may be on its way
    for (auto& p : s.waits_for) {
      if (p.kind == wait_kind::child) links_.push_back({s.run, p.child, p.command});
      if (p.kind == wait_kind::message && (p.flags & flag::message::calls))
        calls_.push_back({s.run, name_space, p.target});
    }
  }

  /// Checks the parents that wait for a child: the child, or a run that continues it, must be open.
  /// The first run of its chain may have been erased.
  void check_families() {
    for (auto& l : links_) {
      auto child = chains_.find(l.child);
      if (child != chains_.end() && child->second) continue;
      problem(numbered(l.parent) + " waits for its child, " + numbered(l.child) + ", which " +
              (child == chains_.end() ? "isn't there" : "has ended"));
    }
  }

  /// Checks the runs that wait for an answer of another: that one must be open, or can't be read.
  void check_calls() {
    for (auto& c : calls_) {
      if (open_ids_.contains({c.name_space, c.called})) continue;
      auto latest = read_latest_run(store_, c.name_space, c.called);
      if (latest && unread_.contains(*latest)) continue;
      problem(numbered(c.caller) + " waits for an answer of " + shown(c.called) +
              ", of which no run is open");
    }
  }

  // ---- keys
  void check_keys() {
    page_reader all(store_, page_bytes);
    while (auto* e = all.next()) {
      ++report_.keys;
      guard("the key " + printable_key(e->first), [&] {
        check_key(e->first);
        if (e->first.starts_with(keys::all(keys::space::aside))) check_aside(e->first, e->second);
      });
    }
    if (sent_found_ > sent_expected_)
      problem(std::to_string(sent_found_ - sent_expected_) +
              " entries say that a run was sent what its history doesn't have");
    if (marks_.next_run < next_run_ && marks_.clean)
      problem("the counter of runs is below a run's number");
  }

  /// Checks the records that are put aside for a run, and its debts. If the run can be read by now,
  /// the next start of an engine folds the records and pays the debts.
  void check_aside(std::string_view key, std::string_view value) {
    if (key.size() != keys::aside({}, {}).size()) throw malformed("it has a wrong length");
    auto run = run_number(source(key.substr(2)).big_endian());
    auto k = runs_.find(run);
    bool is_readable = k != runs_.end() && k->second.in_snapshot;
    if (is_of_debts(key)) {
      auto owed = take_debts(value).size();
      if (!is_readable)
        problem(numbered(run) + " is owed " + std::to_string(owed) +
                " things: its snapshot can't be read");
      return;
    }
    auto records = take_aside(value);
    for (auto& [lsn, bytes] : records) {
      source in(bytes);
      if (decode_record(in).run != run) throw malformed("it has a record of another run");
    }
    if (!is_readable)
      problem("of " + numbered(run) + " " + std::to_string(records.size()) +
              " records are put aside: its snapshot can't be read");
  }

  void check_key(std::string_view key) {
    if (key == keys::format() || key == keys::owner() || key == keys::copy_note() ||
        key == keys::clock())
      return;
    if (key.size() < 2 || key[0] != 0) throw malformed("it isn't one of Stet's");
    switch (static_cast<keys::space>(key[1])) {
      case keys::space::journal:
      case keys::space::snapshot:
      case keys::space::aside: return;  // seen already; of aside by check_aside
      case keys::space::history: {
        if (key.size() != keys::history({}, 0).size()) throw malformed("it has a wrong length");
        auto run = run_number(source(key.substr(2)).big_endian());
        auto k = runs_.find(run);
        if (k == runs_.end() || keys::last_number(key) >= k->second.records)
          throw malformed("it is a chunk of history that belongs to no snapshot");
        return;
      }
      case keys::space::ids: {
        auto p = keys::parse_id(key);
        auto k = runs_.find(p.run);
        if (k == runs_.end() || !k->second.in_snapshot ||
            k->second.id_hash != std::hash<std::string>()(p.id))
          throw malformed("it is the id of a run that isn't there, or has another");
        return;
      }
      case keys::space::timers: {
        if (key.size() != keys::timer({}, {}).size()) throw malformed("it has a wrong length");
        auto t = keys::parse_timer(key);
        auto k = runs_.find(t.run);
        if (k == runs_.end() || k->second.indexed_wake != t.wake)
          throw malformed("it is a timer of a run that isn't there, or has another");
        return;
      }
      case keys::space::sent: {
        auto p = keys::parse_sent(key);
        auto k = runs_.find(p.run);
        if (k == runs_.end() || !k->second.in_snapshot || k->second.first != p.first)
          throw malformed("it is what a run was sent that isn't there, or is of another chain");
        ++sent_found_;
        return;
      }
      case keys::space::index:
      case keys::space::counts:  // see check_indexes
        if (key.size() == keys::all(keys::space::index).size()) throw malformed("it is too short");
        return;
      case keys::space::state: {
        source in(key.substr(2));
        (void)keys::take_text(in);
        if (keys::take_text(in) != keys::blob_table) return;
        if (auto run = run_number(in.big_endian()); !runs_.contains(run) && !recent_.contains(run))
          throw malformed("it is kept for " + numbered(run) + ", which isn't there");
        return;
      }
      default: throw malformed("it isn't one of Stet's");
    }
  }

  store& store_;
  check_report report_;
  marks marks_;
  record_lsn next_lsn_;
  std::uint64_t indexed_ = 0;
  run_number next_run_;
  std::uint64_t sent_expected_ = 0, sent_found_ = 0;
  run_counters counts_;
  std::map<run_number, aside_records> aside_, recent_;  // by run; recent_: those in the journal
  std::unordered_map<run_number, known> runs_;
  std::set<run_number> unread_;                  // runs with a snapshot that can't be read
  std::unordered_map<run_number, bool> chains_;  // by first run: true if one is open
  std::vector<child_link> links_;
  std::vector<call_link> calls_;
  std::set<std::pair<std::string, std::string>> open_ids_;  // namespace, id
  std::map<run_number, debts> owed_;
};

}  // namespace
}  // namespace detail

check_report check(store& s) { return detail::checking(s).run(); }

}}  // namespace stet::v0
