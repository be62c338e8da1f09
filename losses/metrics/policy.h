#pragma once
#include <string>
#include <vector>

#include "losses/metrics/surface.h"

namespace medvol::metrics {

/// The rules that turn measures of cases into the figures of a table: what empty masks are worth, what a missed
/// structure costs, in which order means are taken, which surface is meant. A table prints name and description.
///
/// Under `nnunet`, `monai` and `brats` a missed structure (in the reference, not in the prediction) never improves a
/// mean: it scores 0 in overlap and surface overlap, and its distances are replaced by a stated penalty.
struct Policy {
  enum class BothEmpty {
    undefined,  ///< NaN, left out of means
    perfect,    ///< overlap 1, distances 0
  };
  enum class FalseAlarm {  ///< Dice and IoU where the reference is empty and the prediction is not
    zero,
    undefined,
  };
  enum class Penalty {  ///< distances where exactly one mask is empty
    image_diagonal,     ///< length of the image's diagonal, mm: no real distance is larger
    fixed,              ///< penalty_mm
    dropped,            ///< NaN: a miss leaves the mean. Only to reproduce figures computed that way.
  };
  enum class Aggregation {
    class_then_mean,  ///< mean over cases for each class, then over classes; NaN if a class is defined in no case
    case_then_mean,   ///< mean over classes for each case, then over cases
  };

  std::string name;
  std::string description;  ///< one paragraph for people, printed with tables
  SurfaceDefinition surface = SurfaceDefinition::surfels;
  BothEmpty both_empty = BothEmpty::undefined;
  FalseAlarm false_alarm = FalseAlarm::zero;
  Penalty penalty = Penalty::image_diagonal;
  double penalty_mm = 0;
  Aggregation aggregation = Aggregation::class_then_mean;
};

/// "nnunet", "monai", "brats", "monai_strict".
const std::vector<std::string>& policy_names();

/// UserError on an unknown name, with the nearest one.
Policy policy_by_name(const std::string& name);

}  // namespace medvol::metrics
