// The common parts of all stores: their exception, and the anchors of their classes.
#include <stet/store.hpp>

namespace stet { inline namespace v0 {
namespace {

/// "lmdb commit /var/bank.stet: No space left on device (28)"
std::string describe(std::string_view operation, std::string_view path, int native,
                     std::string_view text) {
  std::string message(operation);
  if (!path.empty()) message.append(" ").append(path);
  message.append(": ").append(text);
  if (native != 0) message.append(" (").append(std::to_string(native)).append(")");
  return message;
}

}  // namespace

store_error::store_error(errc code, std::string_view operation, std::string_view path, int native,
                         std::string_view text, commit_outcome outcome)
    : error(code, operation, describe(operation, path, native, text)),
      path_(path),
      native_(native),
      outcome_(outcome) {}

store_error::~store_error() = default;

store::~store() = default;

forwarding_store::~forwarding_store() = default;

}  // namespace v0
}  // namespace stet
