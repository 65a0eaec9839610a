// Processes that are killed, and processes that want the same store. Every store is opened in a
// child: this process has none open when it forks, so a store may have threads of its own.
#include <algorithm>
#include <chrono>
#include <thread>

#include "port/child.hpp"
#include "trial.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

using port::child_process;

// How long a child may be silent before it counts as stuck.
constexpr int kPatienceMs = 60'000;

void need_durable(const trial& t) {
  if (!t.where().durable) throw clause_skipped{"the target isn't durable"};
}

/// Has the same number of digits for every `n` from -1 on.
std::string key_prefix(int n) { return std::to_string(200000 + n); }

/// Returns the pairs that the store holds after batch `n`: a batch adds five keys and erases those
/// of the third batch before it.
model state_after(int n) {
  model m;
  for (int i = std::max(1, n - 2); i <= n; ++i) {
    for (int k = 0; k < 5; ++k) {
      m[key_prefix(i) + "." + std::to_string(k)] =
          std::string(static_cast<std::size_t>(i * 37 % 3000), static_cast<char>('a' + k));
    }
  }
  if (n > 0) m["last"] = std::to_string(n);
  return m;
}

void commit_number(store& s, int n) {
  batch_of b;
  const model now = state_after(n);
  for (int k = 0; k < 5; ++k) {
    auto key = key_prefix(n) + "." + std::to_string(k);
    b.put(key, now.at(key));
  }
  b.put("last", std::to_string(n));
  b.erase_range("", key_prefix(n - 2));
  b.commit_to(s, n % 3 == 0 ? durability::process : durability::sync);
}

/// Opens the place in a child. Returns the pairs that the child found and reported.
pairs look(trial& t) {
  child_process child([&](port::native_file pipe) {
    auto s = t.where().open();
    std::string all;
    for (const auto& [k, v] : scanned(*s)) {
      for (const std::string& part : {k, v}) all += std::to_string(part.size()) + " " + part;
    }
    child_process::tell(pipe, "found " + all);
    s->close();
  });
  const std::string heard = child.hear_all(kPatienceMs);
  const bool is_silent = child.is_silent();
  child.kill();
  if (is_silent || heard.compare(0, 6, "found ") != 0) {
    t.tell("another process opens the store and reads it", "it does",
           is_silent ? "it says nothing for a minute" : heard);
    throw clause_ended();
  }
  std::vector<std::string> parts;
  for (std::size_t at = 6; at < heard.size();) {
    const std::size_t space = heard.find(' ', at);
    const std::size_t bytes = std::stoul(heard.substr(at, space - at));
    parts.push_back(heard.substr(space + 1, bytes));
    at = space + 1 + bytes;
  }
  pairs found;
  for (std::size_t i = 0; i + 1 < parts.size(); i += 2) found.emplace_back(parts[i], parts[i + 1]);
  return found;
}

/// Returns the number of the last batch whose keys are among the pairs.
int last_in(const pairs& found) {
  const auto it =
      std::find_if(found.begin(), found.end(), [](const auto& p) { return p.first == "last"; });
  return it == found.end() ? 0 : std::stoi(it->second);
}

/// For a child: commits from number `first` on, and opens the store anew after every
/// `commits_per_open`.
void commit_for_ever(const target& t, port::native_file pipe, int first, int commits_per_open) {
  for (int n = first;;) {
    auto s = t.open();
    for (int i = 0; i < commits_per_open; ++i) {
      commit_number(*s, n++);
      child_process::tell(pipe, ".");
    }
    s->close();
  }
}

/// Counts the dots: a child writes one for each commit that was acknowledged. Anything else that it
/// writes is a breach.
std::size_t count_dots(trial& t, const std::string& heard) {
  if (heard.find_first_not_of('.') == heard.npos) return heard.size();
  t.tell("a process opens the store and commits", "it does", heard);
  throw clause_ended();
}

/// Reads at least `count` dots from the child.
std::size_t hear_dots(trial& t, child_process& child, std::size_t count) {
  std::size_t dots = 0;
  while (dots < count) {
    auto heard = child.hear(kPatienceMs);
    if (child.is_silent()) heard = "it says nothing for a minute";
    if (heard.empty()) heard = "it ended";
    dots += count_dots(t, heard);
  }
  return dots;
}

/// Lets a child commit from `first` on and kills it. Returns the last number that was acknowledged.
int commit_until_killed(trial& t, int first) {
  auto& random = t.random();
  const std::size_t acknowledgements = 1 + random() % 20;
  const std::chrono::microseconds delay(random() % 3000);
  const int commits_per_open = random() % 3 == 0 ? 2 : 1 << 30;
  child_process child(
      [&](port::native_file pipe) { commit_for_ever(t.where(), pipe, first, commits_per_open); });
  std::size_t dots = hear_dots(t, child, acknowledgements);
  std::this_thread::sleep_for(delay);
  child.kill();
  dots += count_dots(t, child.hear_all());
  return first + static_cast<int>(dots) - 1;
}

void check_kills(trial& t) {
  need_durable(t);
  t.where().fresh();
  int last = 0;
  for (int round = 0; round < 12; ++round) {
    const int acknowledged = commit_until_killed(t, last + 1);
    const pairs found = look(t);
    last = last_in(found);
    const std::string count = std::to_string(acknowledged);
    if (last < acknowledged) {
      t.tell("the last batch that is there after SIGKILL", "number " + count + ", acknowledged",
             "number " + std::to_string(last));
      throw clause_ended();
    }
    // One more batch may be in the store: written, but the child was killed before it wrote its
    // dot.
    t.holds("after SIGKILL there is no batch beyond the one under way", last <= acknowledged + 1);
    t.same("all pairs after SIGKILL, the last batch being number " + std::to_string(last),
           all_of(state_after(last)), found);
  }
}

/// Lets a child open the store. Returns "opened", "conflict" or the error.
std::string try_open(const target& t) {
  child_process child([&](port::native_file pipe) {
    std::string said = "opened";
    try {
      (void)t.open();
    } catch (const store_error& e) { said = e.code() == errc::conflict ? "conflict" : e.what(); }
    child_process::tell(pipe, said);
  });
  const std::string said = child.hear_all(kPatienceMs);
  return child.is_silent() ? "it says nothing for a minute" : said;
}

void check_owner(trial& t) {
  need_durable(t);
  t.where().fresh();
  child_process owner([&](port::native_file pipe) {
    if (t.where().open()->info().shared) {
      child_process::tell(pipe, "shared");
      return;
    }
    commit_for_ever(t.where(), pipe, 1, 1 << 30);
  });
  std::size_t dots = 0;
  if (const auto first = owner.hear(kPatienceMs); first == "shared") {
    throw clause_skipped{"info().shared: several may own it"};
  } else {
    dots = first.empty() ? hear_dots(t, owner, 1) : count_dots(t, first);
  }
  for (int i = 0; i < 2; ++i) {
    const std::string said = try_open(t.where());
    if (said != "conflict") {
      t.tell("another process opens what is open", "a store_error, errc::conflict", said);
    }
  }
  // The dots that were written until now may be from before the other process tried. Of those that
  // follow, only the first may be.
  for (std::string more; !(more = owner.hear(0)).empty();) dots += count_dots(t, more);
  dots += hear_dots(t, owner, 2);
  owner.kill();
  dots += count_dots(t, owner.hear_all());
  const pairs found = look(t);
  const auto last = static_cast<std::size_t>(last_in(found));
  t.holds("all that the owner acknowledged is there after its death",
          last == dots || last == dots + 1);
  t.same("all pairs then", all_of(state_after(static_cast<int>(last))), found);
}

constexpr clause kClauses[] = {
    {"durability: what was acknowledged survives SIGKILL, and no batch in part", check_kills},
    {"store: has one owner among processes too, and its death frees the place", check_owner},
};

}  // namespace

std::span<const clause> process_clauses() { return kClauses; }

}  // namespace conformance
}  // namespace v0
}  // namespace stet
