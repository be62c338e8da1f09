#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "framework/run/outcome.h"
#include "reports/collect/evaluation.h"

namespace medvol::reports {

/// A run directory, or a bare evaluation folder, as the reports need it.
struct RunRecord {
  std::string name;  ///< the folder's name, made unique among several by as many parents as that takes
  std::filesystem::path path;
  std::string config_text;
  std::vector<std::pair<std::string, std::string>> identity;
  std::vector<nlohmann::json> log;
  std::optional<run::Outcome> outcome;   ///< nullopt when the run is not finished
  std::optional<Evaluation> evaluation;  ///< nullopt when the run was not evaluated yet, or makes no label maps
  nlohmann::json measures;               ///< evaluation/measures.json of a run that makes none; else null
};

/// Reads a run directory (config.yaml, identity.json, log.jsonl, evaluation/) or an evaluation folder.
/// UserError when the path is neither, or one of its files is damaged.
RunRecord read_run(const std::filesystem::path& path);

/// read_run() of several; the same folder twice is a UserError.
std::vector<RunRecord> read_runs(const std::vector<std::filesystem::path>& paths);

}  // namespace medvol::reports
