#include "losses/metrics/evaluate.h"

#include <cmath>
#include <limits>

#include "framework/core/error.h"
#include "losses/metrics/surface.h"

namespace medvol::metrics {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
using Values = std::map<std::string, double>;

Outcome outcome_of(const Counts& counts) {
  const bool in_reference = counts.reference() > 0, in_prediction = counts.predicted() > 0;
  if (in_reference) return in_prediction ? Outcome::found : Outcome::missed;
  return in_prediction ? Outcome::false_alarm : Outcome::absent;
}

/// Measures as their formulas give them, NaN where a denominator is zero.
Values overlap_values(const Counts& counts, double voxel_mm3) {
  return {{"dice", dice(counts)},
          {"iou", iou(counts)},
          {"accuracy", accuracy(counts)},
          {"precision", precision(counts)},
          {"recall", recall(counts)},
          {"specificity", specificity(counts)},
          {"volume_difference_ml", std::abs(volume_difference_ml(counts, voxel_mm3))},
          {"volume_difference_relative", std::abs(relative_volume_difference(counts))}};
}

/// What the policy says of overlap where a mask is empty.
void settle_overlap(Outcome outcome, const Policy& policy, Values& values) {
  if (outcome == Outcome::missed && policy.penalty != Policy::Penalty::dropped) values["precision"] = 0;
  if (outcome == Outcome::false_alarm && policy.false_alarm == Policy::FalseAlarm::undefined)
    values["dice"] = values["iou"] = undefined;
  if (policy.both_empty == Policy::BothEmpty::perfect) {
    if (outcome == Outcome::false_alarm) values["recall"] = 0;
    if (outcome == Outcome::absent) {
      for (const char* name : {"dice", "iou", "precision", "recall"}) values[name] = 1;
      values["volume_difference_relative"] = 0;
    }
  }
}

double image_diagonal(const imaging::Geometry& geometry) {
  double squares = 0;
  for (size_t axis = 0; axis < size_t(geometry.dimensions); ++axis) {
    const double length = double(geometry.size[axis]) * geometry.spacing[axis];
    squares += length * length;
  }
  return std::sqrt(squares);
}

/// HD, HD95, ASSD (mm) and NSD.
void set_surface_values(Values& values, double hd, double hd95, double assd, double nsd) {
  values["hd"] = hd;
  values["hd95"] = hd95;
  values["assd"] = assd;
  values["nsd"] = nsd;
}

/// What the policy says of surfaces where a mask is empty.
void settle_surfaces(Outcome outcome, const Policy& policy, const imaging::Geometry& geometry, Values& values) {
  if (outcome == Outcome::absent) {
    const bool perfect = policy.both_empty == Policy::BothEmpty::perfect;
    const double distance = perfect ? 0 : undefined;
    return set_surface_values(values, distance, distance, distance, perfect ? 1 : undefined);
  }
  double penalty = undefined;
  if (policy.penalty == Policy::Penalty::fixed) penalty = policy.penalty_mm;
  if (policy.penalty == Policy::Penalty::image_diagonal) penalty = image_diagonal(geometry);
  set_surface_values(values, penalty, penalty, penalty, 0);
}

void check_grid(const at::Tensor& reference, const imaging::Geometry& geometry, const std::string& where) {
  const auto size = geometry.size_zyx();
  if (reference.dim() == 3 && reference.sizes() != at::IntArrayRef(size.data(), size.size()))
    throw core::UserError(fmt::format("a label map of {}×{}×{} voxels on a grid of {}×{}×{}", reference.size(0),
                                      reference.size(1), reference.size(2), size[0], size[1], size[2]),
                          where, "label map and geometry must come from the same file (axes z, y, x)");
}

}  // namespace

const std::vector<MetricInfo>& metric_infos() {
  static const std::vector<MetricInfo> infos{
      {"dice", "Dice", "", true},
      {"iou", "IoU", "", true},
      {"accuracy", "Accuracy", "", true},
      {"precision", "Precision", "", true},
      {"recall", "Recall", "", true},
      {"specificity", "Specificity", "", true},
      {"volume_difference_ml", "Volume difference", "ml", false},
      {"volume_difference_relative", "Relative volume difference", "", false},
      {"hd", "HD", "mm", false},
      {"hd95", "HD95", "mm", false},
      {"assd", "ASSD", "mm", false},
      {"nsd", "NSD", "", true},
  };
  return infos;
}

CaseResult evaluate_case(const at::Tensor& reference, const at::Tensor& prediction, const imaging::Geometry& geometry,
                         const std::vector<Structure>& structures, const Policy& policy,
                         const EvaluationOptions& options) {
  check_grid(reference, geometry, options.case_id);
  const auto counted = count_structures(reference, prediction, structures, options.ignore_label, options.case_id);
  const double voxel_mm3 = geometry.spacing[0] * geometry.spacing[1] * geometry.spacing[2];
  CaseResult result{options.case_id, {}};
  for (size_t i = 0; i < structures.size(); ++i) {
    StructureResult measured{structures[i].name, counted[i].counts, outcome_of(counted[i].counts), {}};
    measured.values = overlap_values(measured.counts, voxel_mm3);
    settle_overlap(measured.outcome, policy, measured.values);
    if (options.surfaces && measured.outcome == Outcome::found) {
      const auto comparison = compare_surfaces(mask_pair(reference, prediction, structures[i], options.ignore_label,
                                                         counted[i].box, geometry.spacing_zyx(), geometry.dimensions),
                                               policy.surface);
      set_surface_values(measured.values, comparison.hausdorff(), comparison.hausdorff(95),
                         comparison.average_symmetric(), comparison.normalised(options.nsd_tolerance_mm));
    } else if (options.surfaces) {
      settle_surfaces(measured.outcome, policy, geometry, measured.values);
    }
    result.structures.push_back(std::move(measured));
  }
  return result;
}

CaseResult evaluate_case(const at::Tensor& reference, const at::Tensor& prediction, const imaging::Geometry& geometry,
                         const std::vector<int64_t>& classes, const Policy& policy, const EvaluationOptions& options) {
  return evaluate_case(reference, prediction, geometry, structures_of(classes), policy, options);
}

}  // namespace medvol::metrics
