// libFuzzer's entry for the URLs of stores: an unknown one is refused with an error that doesn't
// show its password.
#include <stet/error.hpp>
#include <stet/open.hpp>

#include "decoder_fuzz.hpp"

namespace {

std::string refusal(const std::string& url) {
  try {
    (void)stet::open(url);
  } catch (const stet::error& e) {
    require(e.code() == stet::errc::usage);
    return e.what();
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(view(data, size));
  const auto scheme = bytes.substr(0, bytes.find(':'));
  if (scheme != "memory" && scheme != "lmdb" && scheme != "rocksdb" && scheme != "sqlite")
    (void)refusal(bytes);
  const std::string password = "S3cr" + bytes + "3t!";  // it may itself contain a @, a : or a ?
  for (const std::string& url :
       {"x://joe:" + password + "@host/db", "x:joe:" + password + "@host", "joe:" + password + "@h",
        "x://host/db?user=joe&password=" + password, "x:host=h PASSWORD=" + password}) {
    const auto said = refusal(url);
    require(said.find("S3cr") == said.npos && said.find("3t!") == said.npos);
  }
  return 0;
}
