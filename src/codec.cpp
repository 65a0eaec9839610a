// The writer and the reader of payloads.
#include <bit>
#include <exception>
#include <limits>
#include <new>
#include <string>

#include <stet/codec.hpp>
#include <stet/error.hpp>

#include "cbor.hpp"

namespace stet { inline namespace v0 {

// ---- writer

void writer::head(unsigned major, std::uint64_t v) {
  const auto put = [&](unsigned info, int bytes) {
    out_.push_back(static_cast<char>(major << 5 | info));
    for (int i = bytes - 1; i >= 0; --i) out_.push_back(static_cast<char>(v >> (8 * i)));
  };
  if (v < 24) put(static_cast<unsigned>(v), 0);
  else if (v <= 0xff) put(24, 1);
  else if (v <= 0xffff) put(25, 2);
  else if (v <= 0xffffffff) put(26, 4);
  else put(27, 8);
}

void writer::null() { out_.push_back(cbor::null); }
void writer::boolean(bool v) { out_.push_back(v ? cbor::yes : cbor::no); }
void writer::natural(std::uint64_t v) { head(cbor::natural, v); }
void writer::integer(std::int64_t v) {
  const auto bits = static_cast<std::uint64_t>(v);
  if (v < 0) head(cbor::negative, ~bits);  // -1 - v, without an overflow
  else head(cbor::natural, bits);
}
void writer::number(double v) {
  const auto bits = std::bit_cast<std::uint64_t>(v);
  out_.push_back(cbor::number64);
  for (int shift = 56; shift >= 0; shift -= 8) out_.push_back(static_cast<char>(bits >> shift));
}
void writer::text(std::string_view v) {
  head(cbor::text, v.size());
  out_ += v;
}
void writer::bytes(std::string_view v) {
  head(cbor::bytes, v.size());
  out_ += v;
}
void writer::array(std::size_t count) { head(cbor::array, count); }
void writer::map(std::size_t count) { head(cbor::map, count); }
void writer::item(std::string_view cbor) {
  reader check(cbor);
  check.item();
  check.end();
  out_ += cbor;
}

// ---- reader

void reader::fail(std::string_view expected) const {
  throw error(errc::payload, "decode",
              "expected " + std::string(expected) + " at byte " + std::to_string(start_) + " of " +
                  std::to_string(size_));
}

void reader::fail_short(std::string_view expected) const {
  throw error(errc::payload, "decode",
              "expected " + std::string(expected) + " at byte " + std::to_string(start_) +
                  ", but the payload ends at byte " + std::to_string(size_));
}

std::string_view reader::take(std::uint64_t count, std::string_view expected) {
  if (count > in_.size()) fail_short(expected);
  auto taken = in_.substr(0, count);
  in_.remove_prefix(count);
  return taken;
}

std::uint64_t reader::head(unsigned major, std::string_view expected) {
  start_ = size_ - in_.size();
  if (in_.empty()) fail_short(expected);
  cbor::head h;
  if (cbor::major_of(in_[0]) != major) fail(expected);
  const auto p = cbor::take_head(in_, h);
  if (p == cbor::problem::short_) fail_short(expected);
  if (p != cbor::problem::none) fail(expected);
  return h.value;
}

bool reader::null() {
  start_ = size_ - in_.size();
  if (in_.empty() || in_[0] != cbor::null) return false;
  in_.remove_prefix(1);
  return true;
}

bool reader::boolean() {
  start_ = size_ - in_.size();
  const char c = take(1, "a boolean")[0];
  if (c != cbor::yes && c != cbor::no) fail("a boolean");
  return c == cbor::yes;
}

std::int64_t reader::integer() {
  constexpr std::string_view expected = "an integer of 64 bits";
  const bool negative = !in_.empty() && cbor::major_of(in_[0]) == cbor::negative;
  const std::uint64_t v = head(negative ? cbor::negative : cbor::natural, expected);
  if (v > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) fail(expected);
  return negative ? -1 - static_cast<std::int64_t>(v) : static_cast<std::int64_t>(v);
}

std::uint64_t reader::natural() { return head(cbor::natural, "a natural number"); }

double reader::number() {
  constexpr std::string_view expected = "a number";
  constexpr std::int64_t exact_max = std::int64_t{1} << std::numeric_limits<double>::digits;
  start_ = size_ - in_.size();
  if (in_.empty()) fail_short(expected);
  if (cbor::major_of(in_[0]) <= cbor::negative) {
    const std::int64_t v = integer();
    if (v > exact_max || v < -exact_max) fail("a number that a double holds");
    return static_cast<double>(v);
  }
  const auto bits = head(cbor::simple, expected);
  const auto width = static_cast<unsigned>(size_ - start_ - in_.size()) - 1;
  if (width < 2) fail(expected);  // the simple values true, null and so on
  return cbor::to_double(bits, width);
}

std::string_view reader::text() { return take(head(cbor::text, "a text"), "a text"); }
std::string_view reader::bytes() { return take(head(cbor::bytes, "bytes"), "bytes"); }

std::size_t reader::array() {
  const auto count = head(cbor::array, "an array");
  if (count > in_.size()) fail_short("an array");  // an item has at least one byte
  return count;
}

std::size_t reader::map() {
  const auto count = head(cbor::map, "a map");
  if (count > in_.size() / 2) fail_short("a map");
  return count;
}

std::string_view reader::item() {
  const auto before = in_;
  start_ = size_ - in_.size();
  switch (cbor::skip(in_, depth_max)) {
    case cbor::problem::none: break;
    case cbor::problem::short_: fail_short("a whole item");
    case cbor::problem::unknown: start_ = size_ - in_.size(); fail("an item of definite length");
    case cbor::problem::too_big: start_ = size_ - in_.size(); fail("an integer of 64 bits");
    case cbor::problem::too_deep: fail("an item nested at most 64 deep");
  }
  return before.substr(0, before.size() - in_.size());
}

void reader::end() {
  if (in_.empty()) return;
  start_ = size_ - in_.size();
  fail("nothing more");
}

// ---- decode

void detail::throw_undecoded() {
  try {
    throw;
  } catch (const error&) { throw; } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {
    throw error(errc::payload, "decode", "the codec of its type threw: " + words_of(e));
  } catch (...) {
    throw error(errc::payload, "decode",
                "the codec of its type threw something that isn't derived from std::exception");
  }
}

}  // namespace v0
}  // namespace stet
