#pragma once
#include "datasets/dataset.h"
#include "datasets/planning/planner.h"
#include "framework/plan/plan.h"

namespace medvol::datasets {

/// The configuration of `options` from the plans.json at `options.from`, nnU-Net's or medvol's, with the channels and
/// labels of the data set; of the other options only `batch_size` may change it. A plan that nnU-Net made with a reader
/// that leaves axes as files store them is taken with a warning: medvol orients to RAS first, so the plan's axes must
/// be z, y, x of that. Throws core::UserError where the plan is of other channels, or another option is set.
plan::Plan given_plan(const DatasetDescription& dataset, const PlannerOptions& options);

}  // namespace medvol::datasets
