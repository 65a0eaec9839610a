// put_aside URL begin|signal|flip|live: what the reader's test needs for a store with records that
// were put aside. `flip` turns a bit of the snapshot of run 1, and back again.
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include <stet/open.hpp>
#include <stet/stet.hpp>

#include "keys/keys.hpp"

namespace {

inline constexpr stet::workflow<int()> Waits{"waits"};
inline constexpr stet::signal<int> Add{"add"};

void flip(const char* url) {
  auto s = stet::open(url);
  auto key = stet::detail::keys::snapshot(stet::detail::run_number(1));
  auto value = s->get(key).value();
  auto& middle = value[value.size() / 2];
  middle = static_cast<char>(middle ^ 4);
  stet::batch b;
  b.put(key, value);
  s->commit(b, stet::durability::sync);
}

void live(const char* url, std::string_view stage) {
  stet::engine e(stet::open(url), {.threads = 0});
  e.define(Waits, [](stet::context& ctx) -> stet::task<int> {
    int sum = 0;
    while (sum < 30) sum += co_await ctx.receive(Add);
    co_return sum;
  });
  e.start();
  if (stage == "begin") e.start(Waits, "hurt");
  if (stage == "signal") e.signal("hurt", Add, 10);
  e.run_until_idle();
  if (stage == "signal") ::_exit(0);  // killed
  e.close();
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 3) return std::fputs("put_aside URL begin|signal|flip|live\n", stderr), 2;
  const std::string_view stage = arguments[2];
  stage == "flip" ? flip(arguments[1]) : live(arguments[1], stage);
} catch (const std::exception& e) {
  std::fprintf(stderr, "put_aside: %s\n", e.what());
  return 1;
}
