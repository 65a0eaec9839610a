// libFuzzer's entry for everything that reads payloads: any bytes either decode or are refused with
// errc::payload; a value that decodes is written and read back as the same.
//
//     clang++ -std=c++20 -Iinclude -fsanitize=fuzzer,address,undefined tests/fuzz/codec_fuzz.cpp
//         src/codec.cpp src/describe_payload.cpp src/error.cpp -o codec_fuzz
//
// With standalone_main.cpp instead of -fsanitize=fuzzer it is an ordinary test.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>

#include <stet/codec.hpp>
#include <stet/error.hpp>
#include <stet/json.hpp>

namespace {

void require(bool held) {
  if (!held) std::abort();
}

template <class T> void decode_as(std::string_view bytes) {
  try {
    const T v = stet::decode<T>(bytes);
    std::string once, twice;
    stet::encode(once, v);
    stet::encode(twice, stet::decode<T>(once));  // not v == v, which is false for a NaN
    require(once == twice);
  } catch (const stet::error& e) { require(e.code() == stet::errc::payload); }
}

void read_items(std::string_view bytes) {
  stet::reader in(bytes);
  try {
    while (!in.done()) {
      const auto item = in.item();
      std::string copy;
      stet::writer(copy).item(item);
      require(copy == item);
      require(stet::describe_payload(item, 10 * item.size() + 100).find("<invalid") ==
                  std::string::npos ||
              item.find("<invalid") != item.npos);
    }
  } catch (const stet::error& e) { require(e.code() == stet::errc::payload); }
}

enum class small : std::uint8_t {};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_items(bytes);
  for (std::size_t max : {0, 1, 3, 10, 200})
    require(stet::describe_payload(bytes, max).size() <= max);
  decode_as<bool>(bytes);
  decode_as<std::int8_t>(bytes);
  decode_as<std::int64_t>(bytes);
  decode_as<std::uint64_t>(bytes);
  decode_as<float>(bytes);
  decode_as<double>(bytes);
  decode_as<small>(bytes);
  decode_as<std::string>(bytes);
  decode_as<std::vector<std::byte>>(bytes);
  decode_as<std::optional<std::optional<int>>>(bytes);
  decode_as<std::vector<std::vector<std::string>>>(bytes);
  decode_as<std::array<std::pair<char, bool>, 2>>(bytes);
  decode_as<std::tuple<int, std::string, std::optional<double>>>(bytes);
  decode_as<std::variant<std::monostate, int, std::vector<int>>>(bytes);
  decode_as<std::map<std::string, std::vector<int>>>(bytes);
  decode_as<std::multimap<int, std::set<int>>>(bytes);
  decode_as<std::chrono::milliseconds>(bytes);
  decode_as<nlohmann::json>(bytes);
  return 0;
}
