// The properties that every codec must have, checked for one value.
#pragma once
#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include <stet/codec.hpp>
#include <stet/error.hpp>

/// `v` as bytes.
template <class T> std::string encoded(const T& v) {
  std::string bytes;
  stet::encode(bytes, v);
  return bytes;
}

/// The code of the exception of `f`, and its text if `message` is given; errc{255} if it throws
/// nothing.
template <class F> stet::errc code_of(F&& f, std::string* message = nullptr) {
  try {
    static_cast<void>(f());
  } catch (const stet::error& e) {
    if (message) *message = e.what();
    return e.code();
  }
  return stet::errc{255};
}

/// Checks that the same value comes back, that missing bytes and an extra one are refused, and that
/// the bytes are one printable item.
template <class T> void round_trip(const T& v) {
  const std::string bytes = encoded(v);
  CHECK(stet::decode<T>(bytes) == v);
  CHECK(encoded(stet::decode<T>(bytes)) == bytes);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    CAPTURE(n);
    CHECK(code_of([&] { return stet::decode<T>(std::string_view(bytes).substr(0, n)); }) ==
          stet::errc::payload);
  }
  CHECK(code_of([&] { return stet::decode<T>(bytes + '\xf6'); }) == stet::errc::payload);
  stet::reader one(bytes);
  CHECK(one.item() == bytes);
  CHECK(one.done());
  CHECK(stet::describe_payload(bytes, 100'000).find("<invalid") == std::string::npos);
}
