// Steps over Boost.Asio, for a program that has steps over Asio too: see asio_flavours_test.cpp.
#pragma once
#include <stet/stet.hpp>

#include <memory>
#include <string>
#include <typeinfo>

namespace stet_tests {

inline constexpr stet::workflow<std::string(std::string)> OverBoost{"over boost"};

/// An event loop of Boost.Asio on a thread of its own.
class boost_loop {
 public:
  boost_loop();
  boost_loop(const boost_loop&) = delete;
  boost_loop& operator=(const boost_loop&) = delete;
  ~boost_loop();
  /// Defines OverBoost, whose step runs in this loop.
  void define(stet::engine& e);
  /// Returns the type that <stet/asio.hpp> gives an attempt of that step.
  static const std::type_info& attempt() noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace stet_tests
