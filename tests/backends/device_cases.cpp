#include "device_cases.hpp"

#if defined(__linux__)
#include <sched.h>
#include <sys/mount.h>
#endif

#include <cerrno>

#include "failing_calls.hpp"
#include "tests/conformance/conformance.hpp"
#include "tests/conformance/support.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/temporary_directory.hpp"

namespace stet_tests {

using namespace stet_conformance;
using stet::errc;

void check_contract(const file_store& kind, [[maybe_unused]] failing what) {
  temporary_directory dir;
  int n = 0;
  target t{.name = kind.scheme,
           .open = [&] { return kind.open(dir / std::to_string(n)); },
           .durable = true,
           .fresh = [&] { ++n; }};
  std::size_t skipped = 3;  // values too large to be tried; both clauses about failed commits
#if defined(__linux__)
  int failures = 0;
  if (what == failing::writes_and_flushes) {
    skipped = 1;
    t.fail_next_commit = [&] { fail_a_call(failures++); };
  } else {
    skipped = 2;  // the clause about refused commits
    t.fail_next_commit = [&] {
      failure = failures++ % 2 == 0 ? EIO : ENOSPC;
      flushes_left = 0;
    };
  }
#endif
  const auto report = check(t);
  CHECK_MESSAGE(report.skipped.size() == skipped, report.text());
}

#if defined(__linux__)
void check_poisoned(stet::store& s) {
  CHECK(refused_as(errc::store, [&] { put(s, "z", "v"); }));
  CHECK(fails_as(errc::store, [&] { (void)s.get("a"); }));
  CHECK(fails_as(errc::store, [&] { (void)scanned(s); }));
}

bool mount_alone(const std::string& place, const char* size) {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("tmpfs", place.c_str(), "tmpfs", 0, size) == 0;
}

bool remount(const std::string& place, const char* size) {
  return ::mount("tmpfs", place.c_str(), "tmpfs", MS_REMOUNT, size) == 0;
}

void check_in_child(const std::function<std::string(const std::string& place)>& f) {
  temporary_directory dir;
  child_process child([&](int pipe) { child_process::tell(pipe, f(dir.path())); });
  const std::string found = child.hear_all();
  if (found == "skip") {
    MESSAGE("SKIPPED: no right to mount a small file system");
  } else {
    CHECK(found == "fine");
  }
}

filled_disk fill_disk(stet::store& s) {
  filled_disk f;
  while (!f.why && f.count < 1000) {
    f.why = error_of([&] { put(s, std::to_string(f.count), std::string(3000, 'x')); });
    if (!f.why) ++f.count;
  }
  if (!f.why || f.why->code() != errc::full) {
    f.wrong = "not full: " + std::string(f.why ? f.why->what() : "no error");
  } else if (f.why->outcome() != stet::commit_outcome::refused) {
    f.wrong = f.why->what();
  }
  for (int i = 0; i < 3 && f.wrong.empty(); ++i) {
    auto again = error_of([&] { put(s, "again", std::string(100000, 'x')); });
    if (!again || again->outcome() != stet::commit_outcome::refused) f.wrong = "second try";
  }
  if (f.wrong.empty() && scanned(s).size() != f.count) f.wrong = "reads";
  return f;
}
#endif

}  // namespace stet_tests
