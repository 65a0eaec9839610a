// The part of the order service that uses Stet: the names, and the workflow.
#pragma once
#include <cstdint>
#include <stet/stet.hpp>
#include <string>

namespace shop {

/// An order of a customer. Its id is the run's id. It returns what became of it.
inline constexpr stet::workflow<std::string(std::string customer, std::int64_t cents)> Order{
    "order"};
/// The payment provider's answer to a charge: whether the money has come.
inline constexpr stet::promise<bool> Payment{"payment"};
/// Orders are found by these.
inline constexpr stet::attribute<std::string> Customer{"customer"};
inline constexpr stet::attribute<std::int64_t> Cents{"cents"};

/// Says where the world outside of the service is: a file to which warehouse, payment provider and
/// carrier append what they were asked to do, with the key by which they know a request that comes
/// twice. (The process may be killed at any moment, and this file not.)
void set_world(const std::string& file);

stet::task<std::string> order(stet::context& ctx, std::string customer, std::int64_t cents);

}  // namespace shop
