#include "engine/services/definitions.hpp"

#include <algorithm>

#include <stet/error.hpp>

#include "base/shown.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::size_t version_bytes_max = 64;

std::string named(std::string_view version) { return version.empty() ? "none" : shown(version); }

}  // namespace

void definitions::add(std::string_view workflow, std::string_view version,
                      std::unique_ptr<definition> d) {
  std::string name(workflow);
  if (version.size() > version_bytes_max)
    throw error(errc::usage, workflow,
                "a version of workflow " + shown(name) + " has " + std::to_string(version.size()) +
                    " bytes, and at most " + std::to_string(version_bytes_max) +
                    " are allowed: use a number, a date or a hash");
  if (find(workflow, version))
    throw error(errc::conflict, workflow,
                version.empty() ? "the workflow " + shown(name) + " is defined already"
                                : "the version " + named(version) + " of workflow " + shown(name) +
                                      " is defined already");
  all_[name].push_back({std::string(version), std::move(d)});
}

definition* definitions::find(std::string_view workflow, std::string_view version) const {
  auto found = all_.find(std::string(workflow));
  if (found == all_.end()) return nullptr;
  auto v = std::find_if(found->second.begin(), found->second.end(),
                        [&](auto& d) { return d.version == version; });
  return v == found->second.end() ? nullptr : v->body.get();
}

const definitions::versioned* definitions::newest(std::string_view workflow) const {
  auto found = all_.find(std::string(workflow));
  return found == all_.end() ? nullptr : &found->second.back();
}

std::string definitions::why_missing(std::string_view workflow, std::string_view version) const {
  auto found = all_.find(std::string(workflow));
  if (found == all_.end())
    return "no workflow " + shown(workflow) +
           " is defined in this program: define it, and start the engine again";
  std::string there;
  for (auto& d : found->second) there += (there.empty() ? "" : ", ") + named(d.version);
  return "the run has version " + named(version) + " of workflow " + shown(workflow) +
         ", and this program defines " + there +
         ": define that version as well, or move the run (run_handle::move_to)";
}

}  // namespace detail
}}  // namespace stet::v0
