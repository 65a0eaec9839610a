// Names in a filter that find nothing, though people mean something by them: built-in ones in other
// letters, and those that Temporal has and Stet doesn't.
#include <algorithm>
#include <string>
#include <string_view>

#include "base/shown.hpp"
#include "history/attributes.hpp"
#include "index/filter.hpp"

namespace stet { inline namespace v0 { namespace detail {
namespace {

constexpr std::string_view instead_version = "WorkflowVersion has the version of a run";
constexpr std::string_view instead_start = "StartTime has when a run began";
constexpr std::string_view instead_length = "HistoryLength has the number of its records";
constexpr std::string_view instead_parent = "run_info::parent has the number of a run's parent";
constexpr std::string_view instead_chain = "run_info::previous and next have the runs of a chain";
constexpr std::string_view instead_namespace = "engine.in(name) is the client of a namespace";

/// An attribute that Temporal knows without a setting; what Stet has in its place, if anything.
struct other_name {
  std::string_view name, instead;
};
constexpr other_name temporals[] = {
    {"BatcherNamespace", instead_namespace},
    {"BatcherUser", ""},
    {"BinaryChecksums", instead_version},
    {"BuildIds", instead_version},
    {"ExecutionTime", instead_start},
    {"HistorySizeBytes", instead_length},
    {"ParentRunId", instead_parent},
    {"ParentWorkflowId", instead_parent},
    {"RootRunId", instead_chain},
    {"RootWorkflowId", instead_chain},
    {"StateTransitionCount", instead_length},
    {"TaskQueue", ""},
    {"TemporalChangeVersion", instead_version},
    {"TemporalNamespaceDivision", instead_namespace},
    {"TemporalPauseInfo", ""},
    {"TemporalReportedProblems", ""},
    {"TemporalScheduledById", ""},
    {"TemporalScheduledStartTime", instead_start},
    {"TemporalSchedulePaused", ""},
    {"TemporalWorkerDeployment", instead_version},
    {"TemporalWorkerDeploymentVersion", instead_version},
    {"TemporalWorkflowVersioningBehavior", instead_version},
};

bool is_same(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string why_no_name(std::string_view name) {
  if (is_built_in(name)) return {};
  const auto own = "; for an attribute of your own of this name write it in back-ticks, `" +
                   std::string(name) + "`";
  for (auto& built_in : built_in_names())
    if (is_same(name, built_in)) return "the name is " + std::string(built_in) + " here" + own;
  for (auto& other : temporals) {
    if (!is_same(name, other.name)) continue;
    return std::string(other.name) + " is an attribute of Temporal's that Stet doesn't have" +
           (other.instead.empty() ? "" : ": " + std::string(other.instead)) + own;
  }
  return {};
}

}  // namespace detail
}}  // namespace stet::v0
