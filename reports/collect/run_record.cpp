#include "reports/collect/run_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "framework/core/error.h"
#include "framework/run/run_directory.h"
#include "reports/collect/python_json.h"

namespace medvol::reports {
namespace {

std::vector<std::pair<std::string, std::string>> identity_texts(const run::Identity& identity) {
  std::vector<std::pair<std::string, std::string>> texts{
      {"program version", identity.program_version},
      {"commit", identity.git_commit},
      {"LibTorch", identity.torch_version},
      {"device", identity.device},
      {"device name", identity.device_name},
      {"CPU", identity.cpu},
      {"compute threads", fmt::format("{}", identity.compute_threads)},
      {"precision", identity.precision},
      {"memory format", identity.memory_format},
      {"seed", fmt::format("{}", identity.seed)},
      {"data hash", identity.data_hash}};
  std::erase_if(texts, [](const auto& entry) { return entry.second.empty(); });
  return texts;
}

std::filesystem::path cleaned(const std::filesystem::path& path) {
  std::filesystem::path whole = std::filesystem::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

/// The last `parts` parts of a path, joined by slashes.
std::string tail(const std::filesystem::path& path, int parts) {
  std::filesystem::path rest = path, name;
  for (int i = 0; i < parts && rest.has_filename(); ++i, rest = rest.parent_path())
    name = name.empty() ? rest.filename() : rest.filename() / name;
  return name.string();
}

/// Gives runs of the same name as many of their parents as tell them apart: a/fold_0 and b/fold_0.
void make_names_unique(std::vector<RunRecord>& runs) {
  constexpr int deepest = 32;
  for (int parts = 1; parts <= deepest; ++parts) {
    std::map<std::string, int> uses;
    for (const RunRecord& one : runs) ++uses[one.name];
    bool unique = true;
    for (RunRecord& one : runs)
      if (uses[one.name] > 1) {
        unique = false;
        one.name = tail(one.path, parts + 1);
      }
    if (unique) return;
  }
}

}  // namespace

RunRecord read_run(const std::filesystem::path& path) {
  RunRecord record;
  record.path = cleaned(path);
  record.name = record.path.filename().string();
  if (!std::filesystem::is_directory(record.path))
    throw core::UserError("there is no such folder", path.string(), "expected a run directory or an evaluation folder");
  const run::RunPaths paths(record.path);
  const bool run = paths.holds_run();
  if (run) {
    run::RunView view = run::open_run(record.path);
    record.config_text = std::move(view.config_text);
    record.log = std::move(view.log);
    record.outcome = run::Outcome::load(paths.outcome());
    if (view.identity) record.identity = identity_texts(*view.identity);
  }
  for (const std::filesystem::path& folder : {paths.evaluation(), record.path}) {
    if (!record.evaluation && std::filesystem::exists(folder / "summary.json"))
      record.evaluation = read_evaluation(folder);
    if (record.measures.is_null() && std::filesystem::exists(folder / "measures.json"))
      record.measures = read_python_json(folder / "measures.json");
  }
  if (!run && !record.evaluation && record.measures.is_null())
    throw core::UserError("this is neither a run directory nor an evaluation folder", path.string(),
                          "expected config.yaml or log.jsonl, summary.json or measures.json");
  if (record.identity.empty() && record.evaluation) record.identity = record.evaluation->identity;
  return record;
}

std::vector<RunRecord> read_runs(const std::vector<std::filesystem::path>& paths) {
  std::vector<RunRecord> runs;
  for (const std::filesystem::path& path : paths) {
    RunRecord record = read_run(path);
    for (const RunRecord& other : runs)
      if (std::filesystem::equivalent(other.path, record.path))
        throw core::UserError("the same run is given twice", path.string(), "give each run once");
    runs.push_back(std::move(record));
  }
  make_names_unique(runs);
  return runs;
}

}  // namespace medvol::reports
