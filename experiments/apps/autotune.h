#pragma once
#include "experiments/apps/experiment_options.h"
#include "framework/parallel/group.h"
#include "framework/plan/plan.h"

namespace medvol::apps {

/// `hardware` with each `auto` of memory_format and precision replaced by what made forward and backward passes of the
/// experiment's network on this rank's part of a batch the fastest. Rank 0 measures, for at most some ten seconds a
/// choice; the others take what it found.
runtime::HardwareOptions autotuned(const ExperimentOptions& options, runtime::HardwareOptions hardware,
                                   const plan::Plan& plan, parallel::Group& group);

}  // namespace medvol::apps
