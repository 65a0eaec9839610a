// Names that both translation units use.
#pragma once
#include <string>

#include <stet/stet.hpp>

inline constexpr stet::workflow<std::string(std::string, int)> Pay{"pay"};

stet::task<std::string> pay(stet::context& ctx, std::string to, int cents);
