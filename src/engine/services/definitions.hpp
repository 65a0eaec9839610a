// The workflows that a program has defined, in all their versions.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <stet/definition.hpp>

namespace stet { inline namespace v0 { namespace detail {

/// Written before the engine starts, only read afterwards.
class definitions {
 public:
  /// Throws errc::conflict if this version is defined already, errc::usage if its name is too long.
  void add(std::string_view workflow, std::string_view version, std::unique_ptr<definition> d);
  /// Returns null if it isn't defined.
  definition* find(std::string_view workflow, std::string_view version) const;
  struct versioned {
    std::string version;  // empty for a body without a version
    std::unique_ptr<definition> body;
  };
  /// The version that new runs get: the one that was defined last. Returns null if the workflow
  /// isn't defined.
  const versioned* newest(std::string_view workflow) const;
  /// Why find() has nothing for a run, and what to do about it.
  std::string why_missing(std::string_view workflow, std::string_view version) const;

 private:
  std::unordered_map<std::string, std::vector<versioned>> all_;  // in the order of definition
};

}  // namespace detail
}}  // namespace stet::v0
