#include "datasets/planning/given_plan.h"

#include "framework/core/error.h"
#include "framework/core/logging.h"

namespace medvol::datasets {
namespace {

void refuse_other_options(const PlannerOptions& options) {
  const PlannerOptions usual;
  const auto refuse = [](const char* name) {
    throw core::UserError(fmt::format("plan.from brings its own {}", name), fmt::format("plan.{}", name),
                          "leave it out, or plan anew without plan.from");
  };
  if (options.memory_gb != usual.memory_gb) refuse("memory_gb");
  if (options.patch_size != usual.patch_size) refuse("patch_size");
  if (options.spacing != usual.spacing) refuse("spacing");
  if (options.base_features != usual.base_features) refuse("base_features");
}

}  // namespace

plan::Plan given_plan(const DatasetDescription& dataset, const PlannerOptions& options) {
  refuse_other_options(options);
  plan::Plan plan = plan::read_plan(options.from, options.configuration);
  if (plan.normalization.size() != dataset.channel_names.size())
    throw core::UserError(fmt::format("it is for {} channels, the data set has {}", plan.normalization.size(),
                                      dataset.channel_names.size()),
                          options.from.string(), "plan anew: leave plan.from out");
  const bool of_nnunet = plan.channel_names.empty();
  if (of_nnunet && plan.image_reader != "NibabelIOWithReorient" && plan.image_reader != "NaturalImage2DIO")
    core::log_warning("{}: planned on the axes of {}; medvol takes them for z, y, x of the images oriented to RAS",
                      options.from.string(), plan.image_reader);
  plan.dataset_name = dataset.name;
  plan.channel_names = dataset.channel_names;
  plan.labels = dataset.labels;
  plan.ignore_label = dataset.ignore_label;
  plan.regions = dataset.regions;
  if (options.batch_size > 0) plan.batch_size = options.batch_size;
  return plan;
}

}  // namespace medvol::datasets
