// A cart: an entity for tests.
#pragma once
#include <stet/entity.hpp>

#include "parts.hpp"

namespace stet_tests {

inline constexpr stet::entity<int> Cart{"cart"};
inline constexpr stet::update<int(int)> Add{"add"};
inline constexpr stet::query<int()> Sum{"sum"};

template <class... H> void define_cart_with(parts& p, H... handlers) {
  p->services.definitions.add(
      "cart", "",
      std::make_unique<entity_definition<int, H...>>(Cart.as_workflow(), std::move(handlers)...));
}
inline void define_cart(parts& p) {
  define_cart_with(p, stet::on(Add, [](int& sum, int n) { return sum += n; }),
                   stet::on(Sum, [](const int& sum) { return sum; }));
}

}  // namespace stet_tests
