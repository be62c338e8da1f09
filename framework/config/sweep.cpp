#include "framework/config/sweep.h"

#include <cctype>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace medvol::config {
namespace {

constexpr size_t longest_name = 120;  // a folder's name may have 255 bytes

std::string file_name(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || std::string("._-+=,@").find(c) != std::string::npos;
    result += plain ? c : '_';
  }
  return result;
}

std::string one_override(const Override& override, const OverrideValue* value) {
  const std::string package = override.package.empty() ? "" : "@" + override.package;
  return override.prefix() + override.key + package + (value ? "=" + value->text : "");
}

/// The job's number in the counting system whose digits are the values of the swept overrides.
Job job_at(const std::vector<Override>& overrides, int64_t index) {
  Job job;
  job.index = index;
  std::vector<size_t> chosen(overrides.size(), 0);
  int64_t rest = index;
  for (size_t i = overrides.size(); i-- > 0;) {
    if (!overrides[i].sweep) continue;
    const int64_t count = static_cast<int64_t>(overrides[i].values.size());
    chosen[i] = static_cast<size_t>(rest % count);
    rest /= count;
  }
  std::vector<std::string> swept;
  for (size_t i = 0; i < overrides.size(); ++i) {
    const Override& override = overrides[i];
    job.overrides.push_back(one_override(override, override.values.empty() ? nullptr : &override.values[chosen[i]]));
    if (override.sweep) swept.push_back(override.key + "=" + override.values[chosen[i]].text);
  }
  job.name = swept.empty() ? "run" : file_name(fmt::format("{}", fmt::join(swept, ",")));
  return job;
}

}  // namespace

std::vector<Job> expand_sweeps(const std::vector<Override>& overrides, int64_t most_jobs) {
  int64_t count = 1;
  for (const Override& override : overrides) {
    if (!override.sweep) continue;
    count *= static_cast<int64_t>(override.values.size());
    if (count > most_jobs)
      throw core::UserError(fmt::format("the sweep has more than {} runs", most_jobs), "--multirun",
                            "sweep over fewer values");
  }
  std::vector<Job> jobs;
  std::set<std::string> names;
  for (int64_t index = 0; index < count; ++index) {
    Job job = job_at(overrides, index);
    // Cut names and characters that were replaced may leave two jobs with one name.
    const bool cut = job.name.size() > longest_name;
    if (cut) job.name.resize(longest_name);
    if (cut || names.count(job.name)) job.name += fmt::format("_{}", index);
    names.insert(job.name);
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace medvol::config
