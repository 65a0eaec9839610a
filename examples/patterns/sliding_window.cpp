// A batch of any length, a few letters at a time, in runs of bounded length: when a page is done,
// the run goes on as a new one with the next page.
//
// Prints:
//   sent 25 of 25 letters
#include <cstdio>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>
#include <vector>

inline constexpr stet::workflow<std::string(int, int)> SendAll{"send-all"};

constexpr int letters = 25, a_page = 10;

std::vector<int> page_from(int first) {
  std::vector<int> page;
  for (int i = first; i < std::min(letters, first + a_page); ++i) page.push_back(i);
  return page;
}
int send(int) { return 1; }

stet::task<std::string> send_all(stet::context& ctx, int first, int sent) {
  auto page = co_await ctx.step("list", page_from, first);
  // The next letter begins as soon as one is done: never more than three are under way.
  auto done = co_await stet::map(page, {.concurrency = 3}, [](stet::context& c, int& letter) {
    return c.step("send", send, letter);
  });
  for (int n : done) sent += n;
  if (page.size() == a_page) co_return co_await ctx.continue_as_new(SendAll, first + a_page, sent);
  co_return "sent " + std::to_string(sent) + " of " + std::to_string(letters) + " letters";
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "memory:"));
  engine.define(SendAll, send_all);
  engine.start();
  std::puts(engine.start(SendAll, "newsletter", 0, 0).result().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "sliding_window: %s\n", e.what());
  return 1;
}
