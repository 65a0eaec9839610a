// A parent that waits for its child.
#pragma once
#include "parts.hpp"

namespace stet_tests {

inline constexpr stet::workflow<int()> Sleeper{"sleeper"};

inline stet::task<int> waits_for_child(stet::context& ctx) {
  auto child = co_await stet::attempt(ctx.child(Sleeper, "child"));
  co_await ctx.sleep(std::chrono::hours(1));
  co_return child ? *child : -1;
}

struct family {
  explicit family(stet::task<int> (*body)(stet::context&) = &waits_for_child) {
    p.define("parent", body);
    parent = p.start("parent", "parent");
    REQUIRE(p->drive.frames.ensure_frame(*parent));
    p->drive.driver.drive_what_is_there(*parent);
    child = p->runs.table.load(p->runs.table.latest("default", "child"));
    REQUIRE(child);
  }
  parts p;
  run_lease parent, child;
};

}  // namespace stet_tests
