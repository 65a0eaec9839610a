// A program in which a type has two codecs makes no engine: the error names the type. Without
// TWO_CODECS it is built without the source that has the second codec, and makes one.
#include <stet/memory.hpp>
#include <stet/stet.hpp>

#include <cstdio>
#include <string_view>

#include "tests/vocabulary/two_codecs.hpp"

#ifdef TWO_CODECS
constexpr bool has_two = true;
#else
constexpr bool has_two = false;
std::string bytes_by_own(const two_codecs::order&) { return {}; }
#endif

int main() {
  const two_codecs::order o{"lamp"};
  std::printf("%zu bytes by json.hpp, %zu by the other\n", bytes_by_json(o).size(),
              bytes_by_own(o).size());
  try {
    stet::engine e(stet::memory::open());
    std::puts("an engine");
    return has_two ? 1 : 0;
  } catch (const stet::error& e) {
    std::puts(e.what());
    const std::string_view text = e.what();
    const bool named = e.code() == stet::errc::usage &&
                       text.find("two_codecs::order") != text.npos &&
                       text.find("<stet/json.hpp>") != text.npos;
    return has_two && named ? 0 : 1;
  }
}
