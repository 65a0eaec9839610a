// What the workflows of a program do, in all their versions.
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
  /// Throws errc::conflict if it is there, errc::usage for a version that is too long.
  void add(std::string_view workflow, std::string_view version, std::unique_ptr<definition> d);
  /// Null: it isn't defined.
  definition* find(std::string_view workflow, std::string_view version) const;
  struct versioned {
    std::string version;  // empty: none
    std::unique_ptr<definition> body;
  };
  /// What a new run begins with: what was defined last. Null: the workflow isn't defined.
  const versioned* newest(std::string_view workflow) const;
  /// Why a run can't be driven that find() has nothing for, and what to do.
  std::string why_missing(std::string_view workflow, std::string_view version) const;

 private:
  std::unordered_map<std::string, std::vector<versioned>> all_;  // in the order of definition
};

}  // namespace detail
}}  // namespace stet::v0
