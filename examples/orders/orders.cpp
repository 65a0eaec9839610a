// A service for orders: HTTP in front, RocksDB below. It may be killed at any moment; chaos.py does
// that, and proves that no order that was acknowledged is lost, none is charged twice, and none is
// cancelled half-way.
//
//     orders STORE WORLD [PORT]     as in: orders rocksdb:orders.stet world.log 8080
//
//     POST /orders/ID            customer=ann&cents=500: takes the order; the same ID again is the
//                                same order; with other fields it is refused
//     GET  /orders/ID            what became of it
//     POST /orders/ID/cancel     asks it to end; what was done is undone
//     GET  /orders?customer=ann  the ids of a customer's orders, a line each
//     POST /payments/TOKEN       paid=true: the payment provider's webhook
//
// SIGTERM ends it in order: no more requests, ten seconds for the bodies of steps.
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stet/open.hpp>
#include <stet/stet.hpp>
#include <string>

#include "http.hpp"
#include "shop.hpp"

using namespace std::chrono_literals;

namespace {

template <class Number> bool parse(const std::string& text, Number& n) {
  auto* end = text.data() + text.size();
  auto r = std::from_chars(text.data(), end, n);
  return r.ec == std::errc() && r.ptr == end;
}

class service {
 public:
  explicit service(stet::engine& engine) : engine_(engine) {}

  http::response answer(const http::request& r) const try {
    auto path = http::parts(r.path);
    const bool is_post = r.method == "POST";
    if (path.size() == 1 && path[0] == "orders" && !is_post)
      return list(http::fields(r.query)["customer"]);
    if (path.size() == 2 && path[0] == "orders")
      return is_post ? take(path[1], http::fields(r.body)) : show(path[1]);
    if (path.size() == 3 && path[0] == "orders" && path[2] == "cancel" && is_post)
      return cancel(path[1]);
    if (path.size() == 2 && path[0] == "payments" && is_post)
      return paid(path[1], http::fields(r.body)["paid"] == "true");
    return {404, "there is nothing at " + r.path + "\n"};
  } catch (const stet::error& e) {
    return {status_of(e.code()), std::string(e.what()) + "\n"};
  } catch (const std::exception& e) { return {500, std::string(e.what()) + "\n"}; }

 private:
  /// Returns the HTTP status for a failure. 503 says that the same request succeeds later.
  static int status_of(stet::errc code) {
    switch (code) {
      case stet::errc::usage:
      case stet::errc::payload: return 400;
      case stet::errc::not_found: return 404;
      case stet::errc::conflict: return 409;
      case stet::errc::other_arguments: return 422;  // the id is another order's
      case stet::errc::full:
      case stet::errc::busy:
      case stet::errc::closed: return 503;
      default: return 500;
    }
  }

  http::response take(const std::string& id, std::map<std::string, std::string> form) const {
    std::int64_t cents = 0;
    constexpr std::string_view plain =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_";
    if (id.empty() || id.find_first_not_of(plain) != id.npos)
      return {400, "the id of an order has letters, digits, '.', '-' and '_'\n"};
    if (form["customer"].empty() || !parse(form["cents"], cents) || cents <= 0)
      return {400, "an order needs customer=… and cents=…, a number above 0\n"};
    auto run = engine_.start(shop::Order, id,
                             {.attributes = {shop::Customer(form["customer"]), shop::Cents(cents)},
                              .expects_same_arguments = true},
                             form["customer"], cents);
    return {run.created() ? 202 : 200, id + " is taken\n"};  // it is durable now
  }
  http::response show(const std::string& id) const {
    auto run = engine_.admin().describe(id).value();  // or errc::not_found
    return {200, std::string(to_text(run.status)) + "\n" + run.details + "\n"};
  }
  http::response cancel(const std::string& id) const {
    engine_.cancel(id, "the customer asked for it");
    return {202, id + " is asked to end\n"};
  }
  http::response list(const std::string& customer) const {
    http::response all;
    std::string cursor;
    do {  // a typed filter: a name can't be taken for a part of it, whatever it holds
      auto page = engine_.admin().list(shop::Customer == customer, {.cursor = cursor});
      for (auto& run : page.runs) all.text += run.id + "\n";
      cursor = page.next;
    } while (!cursor.empty());
    return all;
  }
  http::response paid(const std::string& token, bool well) const {
    const bool first = engine_.resolve(shop::Payment, token, well);
    return {200, first ? "noted\n" : "noted before\n"};  // a webhook may come twice
  }

  stet::engine& engine_;
};

int serve(const std::string& store, const std::string& world, std::uint16_t port) {
  // SIGTERM is taken by sigwait alone. All threads are made after this line.
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);

  shop::set_world(world);
  stet::engine engine(stet::open(store));
  engine.define(shop::Order, shop::order);
  engine.start();  // orders that were under way go on
  {
    const service orders(engine);
    const http::server front(port, 8, [&](const http::request& r) { return orders.answer(r); });
    std::printf("listening on %u\n", front.port());
    std::fflush(stdout);
    int which = 0;
    sigwait(&ends, &which);
  }
  if (!engine.close(10s)) std::quick_exit(0);  // a body that hangs is attempted again next time
  std::puts("closed");
  return 0;
}

}  // namespace

int main(int count, char** arguments) try {
  std::uint16_t port = 0;
  if (count < 3 || (count > 3 && !parse(std::string(arguments[3]), port))) {
    std::fputs("usage: orders STORE WORLD [PORT]\n", stderr);
    return 2;
  }
  return serve(arguments[1], arguments[2], port);
} catch (const std::exception& e) {
  std::fprintf(stderr, "orders: %s\n", e.what());
  return 1;
}
