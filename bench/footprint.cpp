// The smallest useful program on Stet: its size is a row of the benchmark (program_size.cpp).
#include <stet/lmdb.hpp>
#include <stet/stet.hpp>

inline constexpr stet::workflow<int(int)> Twice{"twice"};
stet::task<int> twice(stet::context& ctx, int n) {
  co_return co_await ctx.step("twice", [n] { return 2 * n; });
}

int main(int, char** words) {
  stet::engine engine{stet::lmdb::open(words[1])};
  engine.define(Twice, twice);
  engine.start();
  return engine.start(Twice, "a", 21).result() == 42 ? 0 : 1;
}
