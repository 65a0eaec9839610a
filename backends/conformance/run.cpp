// The suite from outside: lists its clauses, runs them and reports the results.
#include <cstdio>
#include <cstdlib>
#include <random>

#include <stet/conformance.hpp>

#include "trial.hpp"

namespace stet { inline namespace v0 { namespace conformance {
namespace {

/// Clauses that fork come first: then this process has opened no store before it forks, so that a
/// child can open a store that has threads of its own.
std::vector<clause> all_clauses() {
  std::vector<clause> all;
  for (auto some : {process_clauses(), commit_clauses(), scan_clauses(), limit_clauses(),
                    lifetime_clauses(), thread_clauses(), fault_clauses(), walk_clauses()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::uint64_t to_seed(const options& o) {
  if (o.seed) return *o.seed;
  if (const char* given = std::getenv("STET_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

void check_clause(const target& t, const clause& c, report& r) {
  trial one(t, c.name, r);
  const auto tell_unexpected = [&](const char* error) {
    try {
      one.tell(one.failed_call(), "no error", error);
    } catch (const clause_ended&) {  // its last breach is in the report
    }
  };
  try {
    c.check(one);
  } catch (const clause_skipped& s) {
    r.skipped.push_back({std::string(c.name), s.why});
    return;
  } catch (const clause_ended&) {  // its breaches are in the report
  } catch (const std::bad_alloc&) { throw; } catch (const std::exception& e) {
    tell_unexpected(detail::words_of(e).c_str());
  } catch (...) { tell_unexpected("an exception that is no std::exception"); }
  r.checked.emplace_back(c.name);
}

}  // namespace

report run(const target& t, const options& o) {
  if (!t.open || !t.fresh) {
    throw error(errc::usage, "conformance", "the target '" + t.name + "' needs open and fresh");
  }
  report r{.name = t.name, .seed = to_seed(o)};
  for (const clause& c : all_clauses()) {
    if (c.name.find(o.only) == c.name.npos) continue;
    if (o.progress) o.progress(c.name);
    check_clause(t, c, r);
  }
  if (r.checked.empty() && r.skipped.empty()) {
    throw error(errc::usage, "conformance", "no clause has '" + o.only + "' in its name");
  }
  return r;
}

std::string report::text() const {
  std::string all, last;
  for (const breach& b : breaches) {
    if (b.clause != last) all += "BROKEN   " + b.clause + "\n";
    last = b.clause;
    all += "         " + b.what + "\n           expected: " + b.expected +
           "\n           found:    " + b.found + "\n";
  }
  for (const skip& s : skipped) all += "skipped  " + s.clause + "\n         " + s.why + "\n";
  std::vector<std::string> broken;
  for (const breach& b : breaches) {
    if (broken.empty() || broken.back() != b.clause) broken.push_back(b.clause);
  }
  return all + name + ": " + std::to_string(checked.size()) + " clauses checked, " +
         std::to_string(broken.size()) + " broken, " + std::to_string(skipped.size()) +
         " skipped (STET_SEED=" + std::to_string(seed) + ")\n";
}

int main_for(const target& t, const options& o) noexcept {
  try {
    options shown = o;
    shown.progress = [&](std::string_view clause) {
      std::printf("%.*s\n", static_cast<int>(clause.size()), clause.data());
      std::fflush(stdout);
      if (o.progress) o.progress(clause);
    };
    const report r = run(t, shown);
    std::printf("\n%s", r.text().c_str());
    return std::fflush(stdout) == 0 && r.ok() ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", detail::words_of(e).c_str());
  } catch (...) { std::fprintf(stderr, "conformance: an exception that is no std::exception\n"); }
  return 2;
}

}  // namespace conformance
}  // namespace v0
}  // namespace stet
