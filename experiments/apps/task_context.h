#pragma once
#include <optional>

#include "experiments/apps/assembly.h"
#include "trainers/session/task.h"

namespace medvol::apps {

/// What a task is put together from: the configured builders over the prepared data. Everything given must outlive what
/// is returned. `group`: the processes that train together.
trainers::TaskContext task_context(const ExperimentOptions& options, const runtime::ExecutionContext& context,
                                   const PreparedExperiment& prepared, const run::RunPaths& directory,
                                   std::shared_ptr<parallel::Group> group);

/// Cases of a prepared data set, whole, in the order of `ids`.
trainers::WholeCases whole_cases(const PreparedExperiment& prepared, const std::vector<std::string>& ids);

}  // namespace medvol::apps
