// Hello, durable world. Start it, kill it while it waits, start it again: a step that is done is
// not done again, and the wait ends when it would have ended anyway.
//
//     hello [STORE]      lmdb:hello.stet if not given; remove the file to begin anew
#include <cstdio>
#include <ctime>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

using namespace std::chrono_literals;

// A name with types, which the workflow shares with its callers.
inline constexpr stet::workflow<std::string(std::string)> Greet{"greet"};

// Steps touch the world. Their results are kept, so that each is done once.
std::string weekday() {
  std::puts("(looking at the calendar)");
  const auto now = std::time(nullptr);
  char name[16];
  std::strftime(name, sizeof name, "%A", std::localtime(&now));
  return name;
}

std::string compose(const std::string& name, const std::string& day) {
  std::puts("(writing a greeting)");
  return "Hello " + name + ", it was a " + day + " when we met.";
}

// The workflow is an ordinary coroutine.
stet::task<std::string> greet(stet::context& ctx, std::string name) {
  const auto day = co_await ctx.step("look at the calendar", weekday);
  std::puts("(waiting: kill me now)");
  co_await ctx.sleep(2s);
  co_return co_await ctx.step("write", compose, name, day);
}

int main(int count, char** arguments) try {
  stet::engine engine(stet::open(count > 1 ? arguments[1] : "lmdb:hello.stet"));
  engine.define(Greet, greet);
  engine.start();  // resumes whatever a crash cut short

  // The id says which greeting this is: the same id again is the same run, with the same result.
  std::puts(engine.start(Greet, "greeting-1", "world").result().c_str());
} catch (const std::exception& e) {
  std::fprintf(stderr, "hello: %s\n", e.what());
  return 1;
}
