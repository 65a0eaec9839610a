// Runs a libFuzzer entry without libFuzzer, with the files given as arguments (a corpus, a
// finding), or with `[count]` random inputs. STET_SEED repeats a run.
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

// Bytes that look like CBOR more often than random ones do: heads with small lengths, well nested.
void append_item(std::string& out, std::mt19937_64& random, unsigned levels) {
  const auto major = levels > 0 ? random() % 8 : std::array{0, 1, 2, 3, 7}[random() % 5];
  const auto kind = static_cast<unsigned>(major);
  const auto small = static_cast<unsigned>(random() % (kind == 7 ? 8 : 5));
  if (kind == 7) {
    out += static_cast<char>(0xe0 | (20 + small));
    for (unsigned n = small >= 4 ? 1u << (small - 4) : 0; n > 0; --n)
      out += static_cast<char>(random());
  } else if (kind <= 1) {
    const auto info = 20 + static_cast<unsigned>(random() % 8);
    out += static_cast<char>(kind << 5 | info);
    for (unsigned n = info >= 24 ? 1u << (info - 24) : 0; n > 0; --n)
      out += static_cast<char>(random());
  } else {
    out += static_cast<char>(kind << 5 | small);
    if (kind <= 3) {
      for (unsigned n = small; n > 0; --n) out += static_cast<char>('a' + random() % 26);
    } else {
      for (unsigned n = kind == 6 ? 1 : kind == 5 ? 2 * small : small; n > 0; --n)
        append_item(out, random, levels - 1);
    }
  }
}

std::string random_input(std::mt19937_64& random) {
  std::string bytes;
  append_item(bytes, random, static_cast<unsigned>(random() % 5));
  for (auto n = random() % 4; n > 0 && !bytes.empty(); --n) {
    const auto at = random() % bytes.size();
    switch (random() % 4) {
      case 0: bytes.erase(at, 1 + random() % 3); break;
      case 1: bytes.insert(at, 1, static_cast<char>(random())); break;
      case 2: bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8); break;
      default: append_item(bytes, random, 2);
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view first = argc > 1 ? argv[1] : "2000";
  std::uint64_t count = 0;
  if (std::from_chars(first.data(), first.data() + first.size(), count).ec != std::errc()) {
    for (int i = 1; i < argc; ++i) {
      std::ifstream file(argv[i], std::ios::binary);
      if (!file) return std::fprintf(stderr, "%s: can't be read\n", argv[i]), 2;
      run(std::string(std::istreambuf_iterator<char>(file), {}));
    }
    return std::printf("%d files, no failure\n", argc - 1), 0;
  }
  const char* given = std::getenv("STET_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 0) : std::random_device()();
  std::printf("STET_SEED=%llu repeats this run\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);  // before an input may abort
  std::mt19937_64 random(seed);
  for (std::uint64_t i = 0; i < count; ++i) run(random_input(random));
  std::printf("%llu inputs, no failure\n", static_cast<unsigned long long>(count));
}
