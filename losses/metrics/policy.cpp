#include "losses/metrics/policy.h"

#include "framework/core/error.h"
#include "framework/core/nearest.h"

namespace medvol::metrics {
namespace {

Policy nnunet_policy() {
  Policy policy;
  policy.name = "nnunet";
  policy.description =
      "Policy nnunet: a structure in neither mask is undefined and left out of means; one that is in only one of the "
      "masks, missed or false, scores 0 in Dice, IoU and NSD and the image's diagonal in mm in HD, HD95 and ASSD. "
      "Means are taken over cases for each class, then over classes, as nnU-Net does, so the foreground mean is "
      "undefined where a class is defined in no case.";
  return policy;
}

Policy monai_policy() {
  Policy policy;
  policy.name = "monai";
  policy.description =
      "Policy monai: Dice and IoU are undefined wherever the reference is empty (ignore_empty=True: false alarms "
      "cost nothing there, see n_false); a missed structure scores 0 in overlap. Where one mask is empty, NSD is 0 "
      "and HD, HD95 and ASSD are the image's diagonal in mm; in MONAI they would leave the mean. Means are taken "
      "over classes for each case, then over cases.";
  policy.surface = SurfaceDefinition::monai;
  policy.false_alarm = Policy::FalseAlarm::undefined;
  policy.aggregation = Policy::Aggregation::case_then_mean;
  return policy;
}

Policy brats_policy() {
  Policy policy;
  policy.name = "brats";
  policy.description =
      "Policy brats: a structure in neither mask scores 1 in overlap and distance 0; one that is in only one of the "
      "masks, missed or false, scores 0 in overlap and 373.13 mm (the diagonal of a BraTS image) in HD, HD95 and "
      "ASSD. Means are taken over cases for each class, then over classes.";
  policy.both_empty = Policy::BothEmpty::perfect;
  policy.penalty = Policy::Penalty::fixed;
  policy.penalty_mm = 373.13;
  return policy;
}

Policy monai_strict_policy() {
  Policy policy = monai_policy();
  policy.name = "monai_strict";
  policy.description =
      "Policy monai_strict: what MONAI 1.5 computes. Dice and IoU are undefined wherever the reference is empty; "
      "HD, HD95 and ASSD of a missed structure are undefined too and LEAVE THE MEAN, so missing a structure can "
      "improve it: read n_missed. Only for comparison with figures computed that way. Means are taken over classes "
      "for each case, then over cases.";
  policy.penalty = Policy::Penalty::dropped;
  return policy;
}

}  // namespace

const std::vector<std::string>& policy_names() {
  static const std::vector<std::string> names{"nnunet", "monai", "brats", "monai_strict"};
  return names;
}

Policy policy_by_name(const std::string& name) {
  if (name == "nnunet") return nnunet_policy();
  if (name == "monai") return monai_policy();
  if (name == "brats") return brats_policy();
  if (name == "monai_strict") return monai_strict_policy();
  throw core::UserError(fmt::format("no metric policy is called '{}'", name), "",
                        core::did_you_mean(name, policy_names()));
}

}  // namespace medvol::metrics
