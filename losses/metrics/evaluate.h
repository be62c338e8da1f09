#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "framework/imaging/volume.h"
#include "losses/metrics/counts.h"
#include "losses/metrics/policy.h"
#include "losses/metrics/statistic.h"

namespace medvol::metrics {

/// A column of a metrics table.
struct MetricInfo {
  std::string name;   ///< key of StructureResult::values: "hd95"
  std::string title;  ///< "HD95"
  std::string unit;   ///< "mm", "ml" or empty
  bool higher_is_better = true;
};

/// All metrics in the order of a table: dice, iou, accuracy, precision, recall, specificity, volume_difference_ml,
/// volume_difference_relative (both absolute values), hd, hd95, assd, nsd.
const std::vector<MetricInfo>& metric_infos();

struct EvaluationOptions {
  double nsd_tolerance_mm = 1.0;        ///< distance within which surfaces agree, NSD
  std::optional<int64_t> ignore_label;  ///< reference voxels that count nowhere
  bool surfaces = true;                 ///< false: overlap measures only
  std::string case_id;                  ///< named in errors and in the result
};

/// How a structure fared in one case.
enum class Outcome {
  found,        ///< in reference and prediction (they need not touch)
  missed,       ///< in the reference, prediction empty
  false_alarm,  ///< reference empty, in the prediction
  absent,       ///< in neither
};

struct StructureResult {
  std::string name;
  Counts counts;
  Outcome outcome = Outcome::absent;
  /// Metric name → value that enters the mean, penalties included. NaN: undefined by the policy.
  std::map<std::string, double> values;
  bool missed() const { return outcome == Outcome::missed; }
};

struct CaseResult {
  std::string case_id;
  std::vector<StructureResult> structures;
};

/// Measures a predicted label map against its reference, both [D, H, W] integer tensors (uint8, int16, int32, int64) on
/// the grid of `geometry`; geometry.dimensions == 2 takes contours in the plane. Background is measured only if listed.
/// UserError: shapes or types do not fit, the prediction holds the ignore label.
CaseResult evaluate_case(const at::Tensor& reference, const at::Tensor& prediction, const imaging::Geometry& geometry,
                         const std::vector<Structure>& structures, const Policy& policy,
                         const EvaluationOptions& options = {});
/// The same for classes, each a structure of its own label.
CaseResult evaluate_case(const at::Tensor& reference, const at::Tensor& prediction, const imaging::Geometry& geometry,
                         const std::vector<int64_t>& classes, const Policy& policy,
                         const EvaluationOptions& options = {});

struct StructureSummary {
  std::string name;
  std::map<std::string, Statistic> metrics;  ///< Statistic::count is n_valid
  int64_t n_cases = 0;
  int64_t n_missed = 0;  ///< in the reference, prediction empty
  int64_t n_false = 0;   ///< reference empty, prediction not
  int64_t n_absent = 0;  ///< in neither
};

struct Summary {
  Policy policy;
  std::vector<StructureSummary> structures;
  /// All structures together (list the background and it is one of them). `mean` is taken in the policy's order;
  /// count, sd, median and quartiles are those of the cases' own means over structures. Counters are sums over
  /// structures, n_cases the number of cases.
  StructureSummary foreground;
};

/// Summarises cases that were evaluated with the same structures (InternalError otherwise).
Summary summarize(const std::vector<CaseResult>& cases, const Policy& policy);

}  // namespace medvol::metrics
