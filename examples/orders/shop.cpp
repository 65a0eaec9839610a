#include "shop.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

using namespace std::chrono_literals;

namespace shop {
namespace {

int world = -1;

/// Asks the world for something: one line, in one write.
void ask(const std::string& line) {
  const auto whole = line + "\n";
  if (::write(world, whole.data(), whole.size()) != static_cast<ssize_t>(whole.size()))
    throw std::system_error(errno, std::generic_category(), "the world");
}

// The steps. Each may be done again after a crash, with the same key: so the other side takes it
// once.
void reserve(stet::step_context& s, const std::string& id) {
  ask("reserve " + id + " " + s.idempotency_key());
}
void release(stet::step_context& s, const std::string& id) {
  ask("release " + id + " " + s.idempotency_key());
}
void charge(stet::step_context& s, const std::string& id, std::int64_t cents,
            const std::string& token) {
  ask("charge " + id + " " + s.idempotency_key() + " " + std::to_string(cents) + " " + token);
}
void refund(stet::step_context& s, const std::string& id) {
  ask("refund " + id + " " + s.idempotency_key());
}
void ship(stet::step_context& s, const std::string& id) {
  ask("ship " + id + " " + s.idempotency_key());
}

}  // namespace

void set_world(const std::string& file) {
  world = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (world < 0) throw std::system_error(errno, std::generic_category(), file);
}

stet::task<std::string> order(stet::context& ctx, std::string customer, std::int64_t cents) {
  const std::string id(ctx.id());
  ctx.set_details("of " + customer);
  co_return co_await ctx.saga([&](stet::saga& s) -> stet::task<std::string> {
    co_await s.step("reserve", reserve, id).undo("release", release, id);
    auto payment = ctx.promise(Payment);
    co_await ctx.sleep(1ms);  // a cancelled order isn't charged: this await ends it
    co_await s.step("charge", charge, id, cents, std::string(payment.token()))
        .undo("refund", refund, id);
    ctx.set_details("of " + customer + ", waits for the payment");
    auto paid = co_await payment.wait(24h);
    if (!paid || !*paid) throw stet::permanent_error("it was not paid");
    co_await stet::shield(ctx.step("ship", ship, id));  // what is under way isn't refunded
    co_return "shipped";
  });
}

}  // namespace shop
