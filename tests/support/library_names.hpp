// Names that differ between libstdc++ and libc++, as texts of ours show them.
#pragma once
#include <version>  // defines _LIBCPP_VERSION with libc++

namespace stet_tests {

#ifdef _LIBCPP_VERSION
inline constexpr auto name_of_nullptr_type = "std::nullptr_t";
/// The function that std::random_device calls: it reads /dev/urandom.
inline constexpr auto function_of_random_device = "open";
#else
inline constexpr auto name_of_nullptr_type = "decltype(nullptr)";
inline constexpr auto function_of_random_device = "std::random_device";
#endif

}  // namespace stet_tests
