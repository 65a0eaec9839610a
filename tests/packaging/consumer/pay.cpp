#include "names.hpp"

namespace {
std::string transfer(const std::string& to, int cents) {
  return to + " got " + std::to_string(cents);
}
}  // namespace

stet::task<std::string> pay(stet::context& ctx, std::string to, int cents) {
  co_return co_await ctx.step("transfer", transfer, to, cents);
}
