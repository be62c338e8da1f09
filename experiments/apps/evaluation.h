#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "experiments/apps/experiment_options.h"
#include "framework/imaging/volume.h"
#include "reports/tables/evaluation_report.h"

namespace medvol::apps {

/// A reference label map: how it is read, and what the report calls it.
struct Reference {
  std::string name;
  std::function<imaging::Volume()> read;
};

/// One file.
Reference reference_file(const std::filesystem::path& file);

/// A case to score. Without a prediction it is a miss of every structure.
struct ScoredCase {
  std::string id;
  Reference reference;
  std::optional<std::filesystem::path> prediction;
  std::vector<std::filesystem::path> images;  ///< for overlays; may be empty
};

struct EvaluationJob {
  std::string title;
  std::vector<std::pair<std::string, std::string>> identity;
  std::map<int64_t, std::string> labels;  ///< foreground classes
  std::vector<plan::Region> regions;      ///< what is scored in their place, where the data set has them
  std::optional<int64_t> ignore_label;
  EvaluationSettings settings;
  std::vector<ScoredCase> cases;
  std::vector<reports::Table> extra_tables;
};

/// Scores every case on the reference's own grid and writes summary.json, cases.csv, report.md and report.html into
/// `folder`. Throws core::UserError naming the file when a prediction lies on another grid than its reference.
reports::Evaluation evaluate_files(const EvaluationJob& job, const std::filesystem::path& folder);

/// The cases of an evaluation as one table for the terminal, with where to look.
void print_evaluation(const reports::Evaluation& evaluation, const std::filesystem::path& folder);

}  // namespace medvol::apps
