// A program in which a type has two codecs makes no engine: the error names the type. Without
// TWO_CODECS it is built without the source that has the second codec, and makes one.
#include <stet/memory.hpp>
#include <stet/stet.hpp>

#include <cstdio>
#include <string_view>

#include "tests/vocabulary/two_codecs.hpp"

int main() {
  const two_codecs::order o{"lamp"};
  std::printf("%zu bytes by json.hpp\n", bytes_by_json(o).size());
#ifdef TWO_CODECS
  std::printf("%zu bytes by the other\n", bytes_by_own(o).size());
#endif
  try {
    stet::engine e(stet::memory::open());
    std::puts("an engine");
#ifdef TWO_CODECS
    return 1;
#else
    return 0;
#endif
  } catch (const stet::error& e) {
    std::puts(e.what());
    const std::string_view text = e.what();
    const bool named = e.code() == stet::errc::usage &&
                       text.find("two_codecs::order") != text.npos &&
                       text.find("<stet/json.hpp>") != text.npos;
#ifdef TWO_CODECS
    return named ? 0 : 1;
#else
    return 1;
#endif
  }
}
