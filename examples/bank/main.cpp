// A bank on the command line. Read bank.cpp first: it is the part that uses Stet.
#include <charconv>
#include <cstdio>
#include <exception>
#include <random>
#include <vector>

#include "chaos.hpp"
#include "commands.hpp"
#include "worker.hpp"

namespace {

using words = std::vector<std::string>;

template <class Number> Number number(const std::string& option, const std::string& text) {
  Number n{};
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, n);
  if (parsed.ec != std::errc() || parsed.ptr != end)
    throw usage_error(option + " takes a number, not \"" + text + "\"");
  return n;
}

int chaos(const words& w) {
  chaos_options o;
  o.seed = std::random_device{}();
  for (std::size_t i = 1; i < w.size(); ++i) {
    const auto& option = w[i];
    if (i + 1 == w.size())
      throw usage_error(option + ": there is no such option, or its value is missing");
    const auto& value = w[++i];
    if (option == "--seed") o.seed = number<std::uint64_t>(option, value);
    else if (option == "--seconds") o.seconds = number<unsigned>(option, value);
    else if (option == "--store") o.store = value;
    else if (option == "--auditor") o.auditor = value;
    else if (option == "--broken") o.broken = value;
    else throw usage_error("--chaos has no option " + option);
  }
  if (!o.broken.empty() && o.broken != "halves" && o.broken != "twice")
    throw usage_error("--broken takes halves or twice, not \"" + o.broken + "\"");
  if (o.store.starts_with("memory:"))
    throw usage_error("memory: is gone with the process that is killed");
  if (!o.auditor.empty() && !o.store.starts_with("sqlite:"))
    throw usage_error("--auditor needs --store sqlite:FILE, which other programs can read");
  return run_chaos(o) ? 0 : 1;
}

// bank --work STORE SEED [--broken HOW] [--finish]: the process that is killed.
int work(const words& w) {
  if (w.size() < 3) throw usage_error("--work is what --chaos calls");
  worker_options todo{.store = w[1], .seed = number<std::uint64_t>("--work", w[2])};
  for (std::size_t i = 3; i < w.size(); ++i) {
    if (w[i] == "--finish") todo.finish = true;
    else if (w[i] == "--broken" && i + 1 < w.size()) todo.broken = w[++i];
    else throw usage_error("--work has no option " + w[i]);
  }
  return run_worker(todo);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const words w(arguments + 1, arguments + count);
    if (!w.empty() && w[0] == "--chaos") return chaos(w);
    if (!w.empty() && w[0] == "--work") return work(w);
    return run_command(w);
  } catch (const usage_error& e) {
    std::fprintf(stderr, "bank: %s\n\n%s", e.what(), usage);
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bank: %s\n", e.what());
    return 1;
  }
}
