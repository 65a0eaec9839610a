// Which codec the sources of a program see for a type: json.hpp's, or another. Each source notes
// its own while the program is loaded (codec_noted).
#include <cxxabi.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <stet/codec.hpp>
#include <stet/error.hpp>

#include "port/mutex.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

struct codecs_seen {
  struct kinds {
    bool by_json = false, other = false;
  };
  port::mutex mutex;
  std::map<std::string, kinds, std::less<>> by_type STET_GUARDED_BY(mutex);
};
codecs_seen& seen() {
  static codecs_seen all;  // made by the first source that is loaded, of whichever library
  return all;
}

/// Returns whether another source may have another type of this name: one of an anonymous namespace
/// or of a function.
bool is_local(std::string_view name) {
  return name.empty() || name.front() == '*' || name.front() == 'Z' ||
         name.find("_GLOBAL__N_") != name.npos;
}

std::string readable(const std::string& name) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &std::free);
  return text ? text.get() : name;
}

}  // namespace

bool note_codec(const std::type_info& type, bool by_json) noexcept {
  try {
    const std::string_view name = type.name();
    if (is_local(name)) return true;
    auto& all = seen();
    port::lock_guard lock(all.mutex);
    auto& kinds = all.by_type[std::string(name)];
    (by_json ? kinds.by_json : kinds.other) = true;
  } catch (...) {  // no memory: the type is unknown then, and not checked
  }
  return true;
}

void check_codecs() {
  auto& all = seen();
  port::lock_guard lock(all.mutex);
  for (const auto& [name, kinds] : all.by_type)
    if (kinds.by_json && kinds.other)
      throw error(errc::usage, "engine",
                  "the type " + readable(name) +
                      " has two codecs in this program: one source has that of <stet/json.hpp>, "
                      "another a specialisation of stet::codec. Let all sources that use the type "
                      "see the same: put the specialisation into the header of the type");
}

}}}  // namespace stet::v0::detail
