// Replays recorded histories with today's code.
#include <stet/history_file.hpp>
#include <stet/memory.hpp>
#include <stet/testing.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace stet { inline namespace v0 { namespace testing {
namespace {

std::string contents_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw error(errc::not_found, file.string(), "the file can't be read");
  return bytes;
}

}  // namespace

replay_report replay(const environment::definitions& define,
                     const std::vector<std::string>& histories) {
  engine e(memory::open(), {.threads = 0, .compare = compared::arguments});  // never started
  define(e);
  replay_report report;
  for (auto& h : histories) {
    auto p = replay_history(e, h);
    ++report.histories;
    if (!p.reason.empty()) report.stalled.push_back(std::move(p));
  }
  return report;
}

replay_report replay_folder(const environment::definitions& define, const std::string& folder) {
  std::vector<std::filesystem::path> files;
  std::error_code failed;
  for (auto& entry : std::filesystem::directory_iterator(folder, failed))
    if (entry.path().extension() == ".history") files.push_back(entry.path());
  if (files.empty())
    throw error(errc::not_found, folder, "there is no file *.history: nothing would be tested");
  std::sort(files.begin(), files.end());
  replay_report report;
  for (auto& file : files) {
    replay_report one;
    try {
      one = replay(define, {contents_of(file)});
    } catch (const error& e) { throw error(e.code(), file.string(), e.what()); }
    report.histories += one.histories;
    for (auto& p : one.stalled) {
      report.stalled.push_back(std::move(p));
      report.files.push_back(file.string());
    }
  }
  return report;
}

std::string replay_report::text() const {
  std::string lines;
  for (std::size_t i = 0; i < stalled.size(); ++i) {
    if (i < files.size()) lines += one_line(files[i]) + ": ";
    lines += one_line("the run '" + stalled[i].id + "' of workflow '" + stalled[i].workflow +
                      "' would be stalled: " + stalled[i].reason) +
             '\n';
  }
  return lines;
}

}}}  // namespace stet::v0::testing
