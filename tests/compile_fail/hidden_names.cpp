// The sources of the engine declare functions in stet::detail whose names stand in stet too. The
// public headers must mean those of stet, whatever was declared before them. run.sh compiles this
// file: it must compile.
#include <stdexcept>
#include <string>
#include <string_view>

namespace stet { inline namespace v0 { namespace detail {
struct some_record;
void encode(std::string& out, const some_record& r);
void decode(const some_record& r);
}}}  // namespace stet::v0::detail

#include <stet/stet.hpp>

struct order {
  std::string id;
};
struct refused : std::runtime_error {
  using runtime_error::runtime_error;
};
template <> struct stet::codec<order> {
  static void encode(writer& out, const order& o) { out.text(o.id); }
  static order decode(reader& in) { return {std::string(in.text())}; }
};
template <> struct stet::codec<refused> {
  static void encode(writer& out, const refused& r) { out.text(r.what()); }
  static refused decode(reader& in) { return refused(std::string(in.text())); }
};

namespace {

inline constexpr stet::workflow<order(order)> W{"w"};
inline constexpr stet::query<order(order)> Ask{"ask"};
inline constexpr stet::update<order(order)> Add{"add"};
inline constexpr stet::error_type<refused> Refused{"refused"};
inline constexpr stet::entity<order> E{"e"};
inline constexpr stet::table<std::string, order> T{"t"};

order same(order o) { return o; }

stet::task<order> body(stet::context& ctx, order o) {
  auto asking = ctx.on(Ask, [&](const order& a) { return a; });
  auto adding = ctx.on(Add, [](const order&) {}, [&](order a) { return a; });
  (void)co_await ctx.transact("transact", [&](stet::transaction& tx) {
    tx.put(T, o.id, o);
    return o;
  });
  co_return co_await ctx.step("step", same, o);
}

}  // namespace

void use(stet::engine& e, order o) {
  e.define(W, body);
  e.define(Refused);
  e.define(E, stet::on(Add, [](order& s, order a) { return s = a; }),
           stet::on(Ask, [](const order& s, order) { return s; }));
  auto run = e.start(W, "w", o);
  (void)run.query(Ask, o);
  (void)run.update(Add, o);
}
